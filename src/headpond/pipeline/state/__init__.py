"""The state of jobs: one document a job in an index of the target, so that any machine can go on with a killed one."""
