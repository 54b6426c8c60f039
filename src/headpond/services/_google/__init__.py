"""What Google AI Studio and Vertex AI share: Gemini's wire format; and what Vertex AI has besides."""
