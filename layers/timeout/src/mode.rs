//! What a [`TimeoutLayer`](crate::TimeoutLayer) touches besides the wait for the head, as types,
//! because it decides over the types of the bodies.
//!
//! | mode | service | request's body | response's body |
//! | --- | --- | --- | --- |
//! | [`Http`] | over `http::Request` | as it is | [`ResponseBody`](crate::body::ResponseBody) |
//! | [`Source`] | over `http::Request<kernel::Body>` | as it is, and watched | [`ResponseBody`](crate::body::ResponseBody) |
//! | [`Upload`] | over `http::Request` | [`UploadBody`](crate::body::UploadBody) | [`ResponseBody`](crate::body::ResponseBody) |
//! | [`HeadOnly`] | over anything | as it is | as it is |

use std::marker::PhantomData;

/// The usual mode: HTTP, with a limit on the response's body.
#[derive(Clone, Copy, Debug)]
pub struct Http(());

/// HTTP over the kernel's [`Body`](buttress_kernel::Body), which tells whether its source keeps the server
/// waiting.
#[derive(Clone, Copy, Debug)]
pub struct Source(());

/// HTTP, with limits on both bodies.
#[derive(Clone, Copy, Debug)]
pub struct Upload(());

/// The wait for the head (for whatever the service answers) alone; nothing is changed.
///
/// `V` is the [`RequestView`](buttress_kernel::RequestView) that finds a request's extensions, so
/// that overrides and deadlines are honoured where there are any.
#[derive(Clone, Copy, Debug)]
pub struct HeadOnly<V>(PhantomData<fn() -> V>);

/// A mode in which the layer sees HTTP messages whole, and can be told to limit their bodies.
pub trait Messages {}

impl Messages for Http {}
impl Messages for Source {}
impl Messages for Upload {}
