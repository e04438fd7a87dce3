use proptest::prelude::*;

use super::*;
use crate::template::tests::hostile;

proptest! {
    /// What is seen on the way decides which questions are asked, so it must not miss any.
    #[test]
    fn w37_no_question_is_left_out_that_would_refuse(
        text in "(/|x|\\.|%2[eEfF]|\\?|&|\\{a\\}|\\{\\+a\\}|\\{/b\\}|\\{\\.a\\}|\\{;b\\}|\\{\\?a\\}|\\{&b\\}|\\{#a\\}){0,6}",
        a in hostile(),
        b in prop::option::of(hostile()),
    ) {
        let mut values = Values::default();
        values.push("a", &a);
        if let Some(b) = &b {
            values.push("b", b);
        }
        let draft = Draft::given(&text);
        if let Ok(filled) = fill(&draft, &values, false) {
            prop_assert_eq!(check_missing(&text, &values), Ok(()));
            prop_assert_eq!(surplus(&text, &values), []);
            prop_assert_eq!(check_reserved(&text, &values), Ok(()));
            prop_assert_eq!(blame(&text, &values), Ok(()));
            prop_assert_eq!(check_host(&text, &values, &filled.reference), Ok(()));
        }
    }
}
