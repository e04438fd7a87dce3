//! What does not compile, and what is said about it.

#[test]
fn bq17_ic51_mistakes_are_named_where_they_are() {
    trybuild::TestCases::new().compile_fail("tests/refused/*.rs");
}
