//! A report as files.

use super::report::Report;
use super::{html, markdown};
use crate::failure::Failure;
use crate::plots;
use std::fs;
use std::path::Path;

/// Writes `report.json`, `report.md`, `report.html` and the plots, each also as a file, into `directory`, made if need
/// be.
pub fn write(report: &Report, directory: &Path) -> Result<(), Failure> {
    let json = serde_json::to_string_pretty(report).map_err(|error| error.to_string())?;
    let fail = |error: std::io::Error| format!("{}: {error}", directory.display());
    fs::create_dir_all(directory).map_err(fail)?;
    fs::write(directory.join("report.json"), json + "\n").map_err(fail)?;
    fs::write(directory.join("report.md"), markdown::page(report)).map_err(fail)?;
    fs::write(directory.join("report.html"), html::page(report)).map_err(fail)?;
    for scenario in &report.scenarios {
        plots::write(&directory.join("plots"), &report.plotted(), scenario)?;
    }
    Ok(())
}
