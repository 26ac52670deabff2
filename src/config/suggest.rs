//! "Did you mean": the known name that is nearest to an unknown one.

use strsim::damerau_levenshtein;

/// The nearest of `known` that is near enough to be a slip of the pen.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // A third of the name may be wrong: "conections_max" is a slip, "timeout" for "level" is not.
    let bound = name.chars().count().max(3) / 3;
    known
        .map(|candidate| (damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= bound)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_slips_are_suggested() {
        let known = || ["listen", "data_dir", "cores"].into_iter();
        assert_eq!(nearest("lisen", known()), Some("listen"));
        assert_eq!(nearest("lsiten", known()), Some("listen"));
        assert_eq!(nearest("core", known()), Some("cores"));
        assert_eq!(nearest("timeout", known()), None);
        assert_eq!(nearest("", known()), None);
    }
}
