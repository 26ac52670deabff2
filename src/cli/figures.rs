//! The figures of a node's metrics page, by name.

use std::collections::HashMap;

/// One look at a node's metrics.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Figures {
    /// By name, each with its labels as they are written.
    by_name: HashMap<String, Vec<(String, f64)>>,
}

impl Figures {
    /// Reads a page in Prometheus' text format. Lines that are none of figures are passed over.
    pub(super) fn read(page: &str) -> Self {
        let mut figures = Self::default();
        for line in page.lines().filter(|line| !line.starts_with('#')) {
            let Some((what, value)) = line.rsplit_once(' ') else { continue };
            let Ok(value) = value.parse() else { continue };
            let (name, labels) = what.split_once('{').unwrap_or((what, ""));
            let labels = labels.trim_end_matches('}').to_owned();
            figures.by_name.entry(name.to_owned()).or_default().push((labels, value));
        }
        figures
    }

    /// The sum of a figure over all its labels; zero where there is none.
    pub(super) fn sum(&self, name: &str) -> f64 {
        self.by_name.get(name).into_iter().flatten().map(|(_, value)| value).sum()
    }

    /// A figure of one core; zero where there is none.
    pub(super) fn of_core(&self, name: &str, core: u64) -> f64 {
        let label = format!("core=\"{core}\"");
        let found = self.by_name.get(name).into_iter().flatten();
        found.filter(|(labels, _)| labels.split(',').any(|one| one == label)).map(|(_, value)| value).sum()
    }

    /// The figures of a name, each with its only label's value.
    pub(super) fn by_label(&self, name: &str) -> impl Iterator<Item = (&str, f64)> {
        let found = self.by_name.get(name).into_iter().flatten();
        found.filter_map(|(labels, value)| Some((labels.split('"').nth(1)?, *value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# HELP a_total Help.\n# TYPE a_total counter\na_total{code=\"x\"} 2\na_total{code=\"y\"} 3\n\
                        open{core=\"0\"} 4\nopen{core=\"10\"} 7\nup 1.5\nnonsense\nbad x\n";

    #[test]
    fn figures_are_found_by_name_core_and_label() {
        let figures = Figures::read(PAGE);
        assert_eq!((figures.sum("a_total"), figures.sum("up"), figures.sum("none")), (5.0, 1.5, 0.0));
        assert_eq!(
            (figures.of_core("open", 0), figures.of_core("open", 1), figures.of_core("open", 10)),
            (4.0, 0.0, 7.0)
        );
        assert_eq!(figures.by_label("a_total").collect::<Vec<_>>(), [("x", 2.0), ("y", 3.0)]);
    }
}
