//! `loadtest figures`.
use crate::cli::Figures;
use crate::failure::Failure;
pub fn run(_arguments: &Figures) -> Result<(), Failure> {
    Ok(())
}
