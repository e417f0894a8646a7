//! Deterministic engines without a model: for load tests, demos of the plumbing, and tests.
