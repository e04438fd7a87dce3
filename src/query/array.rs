/// How a list is written into a query or a form. Servers do not agree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
// Open: there are more than four habits.
#[non_exhaustive]
pub enum ArrayStyle {
    /// `id=1&id=2`
    #[default]
    Repeat,
    /// `id[]=1&id[]=2`, the brackets encoded
    Bracket,
    /// `id=1,2`, commas inside a value encoded
    Comma,
    /// `id[0]=1&id[1]=2`, the brackets encoded
    Indexed,
}
