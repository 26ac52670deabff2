//! Tests of the home side.
