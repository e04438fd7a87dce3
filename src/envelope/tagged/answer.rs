use serde::de::{DeserializeOwned, Deserializer, Error};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Collection, Failure, Meta, Null, Obstruction, Single};

/// A response of any of the four shapes.
///
/// ```
/// use buttress::envelope::tagged::Answer;
///
/// let answer: Answer<u8> = serde_json::from_str(r#"{"t":"single","data":7}"#)?;
/// assert!(matches!(answer, Answer::Single(single) if single.data == 7));
/// # Ok::<_, serde_json::Error>(())
/// ```
// Closed: the four shapes are the whole of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Answer<R = Value, I = Value, M = Meta, EM = M, O = Obstruction> {
    /// One resource.
    Single(Single<R, I, M>),
    /// Several resources.
    Collection(Collection<R, I, M>),
    /// Nothing.
    Null(Null<M>),
    /// An error.
    Error(Failure<EM, O>),
}

impl<'de, R, I, M, EM, O> Deserialize<'de> for Answer<R, I, M, EM, O>
where
    R: DeserializeOwned,
    I: DeserializeOwned,
    M: DeserializeOwned,
    EM: DeserializeOwned,
    O: DeserializeOwned,
{
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        let document = Value::deserialize(reader)?;
        let tag = document.get("t").and_then(Value::as_str);
        let answer = match tag {
            Some("single") => Single::deserialize(document).map(Self::Single),
            Some("collection") => Collection::deserialize(document).map(Self::Collection),
            Some("null") => Null::deserialize(document).map(Self::Null),
            Some("error") => Failure::deserialize(document).map(Self::Error),
            _ => Err(serde_json::Error::custom(
                "`t` is none of `single`, `collection`, `null` and `error`",
            )),
        };
        answer.map_err(D::Error::custom)
    }
}
