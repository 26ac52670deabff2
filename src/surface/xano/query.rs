//! What the listing's query says.

use crate::model::command::Page;
use crate::model::definition::DefinitionFilter;
use crate::model::fault::{Fault, FaultCode, FaultPlace};
use crate::protocol::http::Head;

/// Items on a page where the request does not say.
const PER_PAGE: u32 = 50;
/// Items on a page at most.
const PER_PAGE_MAX: u32 = 10_000;

/// `page` and `per_page`.
pub fn page(head: &Head<'_>) -> Result<Page, Fault> {
    Ok(Page {
        number: number(head, "page", 1, u32::MAX, "page must be a number from 1.")?,
        size: number(head, "per_page", PER_PAGE, PER_PAGE_MAX, "per_page must be a number from 1 to 10000.")?,
    })
}

/// `search`, `sort` and `order`. The published default is the order from Z to A.
pub fn filter(head: &Head<'_>) -> Result<DefinitionFilter, Fault> {
    choice(head, "sort", &[("name", ())], (), "sort must be \"name\".")?;
    let orders = [("asc", false), ("desc", true)];
    Ok(DefinitionFilter {
        search: head.query_value("search").unwrap_or_default().into(),
        descending: choice(head, "order", &orders, true, "order must be \"asc\" or \"desc\".")?,
    })
}

/// `include_xanoscript`.
pub fn with_source(head: &Head<'_>) -> Result<bool, Fault> {
    let words = [("true", true), ("1", true), ("false", false), ("0", false)];
    choice(head, "include_xanoscript", &words, false, "include_xanoscript must be true or false.")
}

fn number(
    head: &Head<'_>,
    name: &'static str,
    default: u32,
    max: u32,
    sentence: &'static str,
) -> Result<u32, Fault> {
    let Some(text) = head.query_value(name) else { return Ok(default) };
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|number| plain && (1..=max).contains(number));
    number.ok_or_else(|| refused(name, sentence))
}

fn choice<T: Copy>(
    head: &Head<'_>,
    name: &'static str,
    choices: &[(&str, T)],
    default: T,
    sentence: &'static str,
) -> Result<T, Fault> {
    let Some(text) = head.query_value(name) else { return Ok(default) };
    let found = choices.iter().find(|(word, _)| *word == text);
    found.map(|(_, value)| *value).ok_or_else(|| refused(name, sentence))
}

fn refused(name: &'static str, sentence: &'static str) -> Fault {
    Fault::new(FaultCode::InvalidRequest, sentence).at(FaultPlace::Parameter(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::http::Method;
    use crate::surface::testing::with_head;

    fn read<T>(query: &str, read: impl Fn(&Head<'_>) -> Result<T, Fault>) -> Result<T, Option<FaultPlace>> {
        let target = format!("/workspace/1/realtime/channel{query}");
        with_head(Method::Get, &target, &[], |head| read(head).map_err(|fault| fault.place))
    }

    #[test]
    fn pages_have_bounds() {
        assert_eq!(read("", page), Ok(Page { number: 1, size: 50 }));
        assert_eq!(
            read("?page=4294967295&per_page=10000", page),
            Ok(Page { number: u32::MAX, size: 10_000 })
        );
        for bad in ["0", "-1", "+1", "x", "", "1.5", "4294967296", "9223372036854775808"] {
            assert_eq!(
                read(&format!("?page={bad}"), page),
                Err(Some(FaultPlace::Parameter("page"))),
                "{bad}"
            );
        }
        for bad in ["0", "10001", "-1", "x", ""] {
            let query = format!("?per_page={bad}");
            assert_eq!(read(&query, page), Err(Some(FaultPlace::Parameter("per_page"))), "{bad}");
        }
    }

    #[test]
    fn the_default_order_is_the_published_one() {
        let filter_of = |search: &str, descending| Ok(DefinitionFilter { search: search.into(), descending });
        assert_eq!(read("", filter), filter_of("", true));
        assert_eq!(read("?search=ch%20a&sort=name&order=asc&branch=v1", filter), filter_of("ch a", false));
        assert_eq!(read("?order=desc", filter), filter_of("", true));
        assert_eq!(read("?sort=id", filter), Err(Some(FaultPlace::Parameter("sort"))));
        assert_eq!(read("?order=up", filter), Err(Some(FaultPlace::Parameter("order"))));
    }

    #[test]
    fn the_source_is_shown_on_demand() {
        assert_eq!(read("", with_source), Ok(false));
        assert_eq!(read("?include_xanoscript=true", with_source), Ok(true));
        assert_eq!(read("?include_xanoscript=false", with_source), Ok(false));
        assert!(read("?include_xanoscript=yes", with_source).is_err());
    }
}
