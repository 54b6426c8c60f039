"""The wire format of Anthropic's Messages API, which Claude speaks on Google's platform too."""
