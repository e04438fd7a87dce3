use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use tower_service::Service;

/// The operating system's resolver, behind a table of hosts that it is not asked about.
#[derive(Clone, Debug)]
pub(super) struct Resolver {
    table: Arc<Table>,
    system: GaiResolver,
}

/// Addresses by lower-case host; none at all means that there is no such host.
pub(super) type Table = HashMap<String, Vec<SocketAddr>>;

impl Resolver {
    pub(super) fn new(table: Table) -> Self {
        Self {
            table: Arc::new(table),
            system: GaiResolver::new(),
        }
    }

    fn known(&self, name: &Name) -> Option<io::Result<Vec<SocketAddr>>> {
        let addresses = self.table.get(&name.as_str().to_ascii_lowercase())?;
        if addresses.is_empty() {
            let error =
                io::Error::new(io::ErrorKind::NotFound, "no address is known for this host");
            return Some(Err(error));
        }
        Some(Ok(addresses.clone()))
    }
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.system.poll_ready(cx)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        if let Some(known) = self.known(&name) {
            return Box::pin(std::future::ready(known.map(Vec::into_iter)));
        }
        let asked = self.system.call(name);
        Box::pin(async move { Ok(asked.await?.collect::<Vec<_>>().into_iter()) })
    }
}
