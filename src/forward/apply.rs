//! How it comes into a request.

use std::sync::Arc;

use buttress_kernel::{BoxError, Deadline, Partition, TransportError};
use http::{Extensions, Request};

use super::Forwarded;
use super::forwarded::{Field, Reach};
use crate::BaseUri;
use crate::defaults::WithoutDefaults;

/// What goes along with a call, in its extensions until it is known where the call leads.
///
/// It is written into the request beneath redirects and the fallback, as default headers are: each hop is
/// decided anew, and what stands in for the upstream never gets it.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    forwarded: Forwarded,
    /// Whose it is. Other clients that the request comes through on its way change nothing about that.
    home: Option<Arc<BaseUri>>,
}

impl Bound {
    /// Puts it into the extensions of a call, for the client of this base URI.
    ///
    /// # Errors
    ///
    /// When there are secrets, and it is certain that nobody knows whose.
    pub(crate) fn attach(
        forwarded: &Forwarded,
        home: Option<&Arc<BaseUri>>,
        may_be_known_inside: bool,
        extensions: &mut Extensions,
    ) -> Result<(), BoxError> {
        if home.is_none() && !may_be_known_inside && forwarded.has_secrets() {
            let because = "the cookies or fields that are forwarded with it belong to an origin, and \
                           the client names none; set a `base_uri`";
            return Err(TransportError::request(because).into());
        }
        let own = extensions.get::<Deadline>().copied();
        let deadline = forwarded.deadline().into_iter().chain(own).min();
        if let Some(deadline) = deadline {
            extensions.insert(deadline);
        }
        if !forwarded.fields().is_empty() || forwarded.partition().is_some() {
            let (forwarded, home) = (forwarded.clone(), home.cloned());
            extensions.insert(Self { forwarded, home });
        }
        Ok(())
    }

    /// Says whose it is, where a client around this one did not know.
    pub(crate) fn settle(home: &Arc<BaseUri>, extensions: &mut Extensions) {
        if let Some(bound) = extensions.get_mut::<Self>() {
            bound.home.get_or_insert_with(|| Arc::clone(home));
        }
    }

    /// Writes down what may go where the request goes. It is led `astray` where a server chose the place.
    pub(crate) fn write<B>(&self, request: &mut Request<B>, astray: bool) {
        let is_home = |home: &Arc<BaseUri>| !astray && home.is_origin_of(request.uri());
        let home = self.home.as_ref().map(is_home);
        let may_go = |reach| match reach {
            Reach::Secret => home == Some(true),
            Reach::Open => home.unwrap_or(!astray),
            Reach::Anywhere => true,
        };
        let without = request.extensions().get::<WithoutDefaults>();
        let is_wanted = |field: &&Field| {
            let is_secret = field.reach == Reach::Secret;
            let is_unwanted = |name| without.is_some_and(|it| it.leaves_out(name, is_secret));
            may_go(field.reach) && field.name().is_some_and(|name| !is_unwanted(name))
        };
        let fields = self.forwarded.fields().iter();
        let going: Vec<_> = fields.filter(is_wanted).collect();
        let mut has_secrets = false;
        for field in going {
            // The request's own stays, and so do the lines that belong to it.
            if field
                .name()
                .is_some_and(|name| request.headers().contains_key(name))
            {
                continue;
            }
            has_secrets |= field.reach == Reach::Secret;
            for (name, value) in field.pairs() {
                request.headers_mut().append(name.clone(), value.clone());
            }
        }
        // Who says nothing of himself where he could is not to be taken for this program.
        let is_meant =
            |partition: &&Partition| has_secrets || partition.is_anyone() && may_go(Reach::Open);
        if let Some(partition) = self.forwarded.partition().filter(is_meant) {
            request
                .extensions_mut()
                .get_or_insert_with(|| partition.clone());
        }
    }
}
