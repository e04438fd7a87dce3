//! How what is stored in Redis is forgotten.

use std::sync::Arc;

use buttress_kernel::BoxError;

use super::Inner;
use crate::store::Selector;
use crate::store::coming::Newcomer;

/// So many entries are looked for at once.
const BATCH: usize = 500;

/// So many are forgotten at one blow: to ask for each would take minutes, and Redis does nothing else
/// meanwhile.
const AT_ONCE: usize = 50;

impl Inner {
    /// Runs a script for entries, some at a time, and adds up what it counts.
    async fn each<E: AsRef<[u8]>>(
        &self,
        script: &redis::Script,
        entries: &[E],
        tag: Option<&str>,
    ) -> Result<usize, BoxError> {
        let mut count = 0;
        for entries in entries.chunks(AT_ONCE) {
            let mut script = script.prepare_invoke();
            for entry in entries {
                script.key(entry.as_ref());
            }
            script.arg(self.names.bodies()).arg(self.names.tags());
            script.arg(tag.unwrap_or_default());
            let gone: usize = self.line.run(&script).await?;
            count += gone;
        }
        Ok(count)
    }

    async fn clear(&self, entries: &[Vec<u8>]) -> Result<usize, BoxError> {
        self.each(&self.scripts.clear, entries, None).await
    }

    /// Keeps what is on its way in from arriving, however far it has come. Whoever has yet to look knows
    /// that it is doomed; and a script that was sent, and may run at any time, finds no body any more. What
    /// arrived before that is found by the invalidation that follows.
    pub(super) async fn stop(&self, doomed: &[Arc<Newcomer<String>>]) -> Result<(), BoxError> {
        if doomed.is_empty() {
            return Ok(());
        }
        let names = doomed.iter().map(|new| self.names.body(&new.at));
        let mut unlink = redis::cmd("UNLINK");
        self.line.ask(unlink.arg(names.collect::<Vec<_>>())).await
    }

    pub(super) async fn invalidate(&self, selector: &Selector) -> Result<usize, BoxError> {
        match selector {
            Selector::Key(key) => self.clear(&[self.names.entry(key)]).await,
            Selector::Tag(tag) => self.invalidate_tag(tag).await,
            Selector::All => self.invalidate_all().await,
            Selector::Prefix(prefix) => self.invalidate_names(selector, prefix).await,
            Selector::Pattern(pattern) => {
                let prefix = pattern.split('*').next().unwrap_or_default();
                self.invalidate_names(selector, prefix).await
            }
        }
    }

    /// Those whose name begins so, and is picked.
    async fn invalidate_names(&self, selector: &Selector, prefix: &str) -> Result<usize, BoxError> {
        let (glob, mut count, mut cursor) = (self.names.beginning(prefix), 0, 0);
        loop {
            let (next, mut entries) = self.scan(cursor, &glob).await?;
            entries.retain(|entry| {
                let name = self.names.name_of(entry);
                name.is_some_and(|name| selector.covers_name(name))
            });
            count += self.clear(&entries).await?;
            if next == 0 {
                return Ok(count);
            }
            cursor = next;
        }
    }

    async fn invalidate_all(&self) -> Result<usize, BoxError> {
        let (glob, mut count, mut cursor) = (self.names.all(), 0, 0);
        loop {
            let (next, keys) = self.scan(cursor, &glob).await?;
            let is_entry = |key: &Vec<u8>| self.names.name_of(key).is_some();
            let (entries, mut rest): (Vec<_>, Vec<_>) = keys.into_iter().partition(is_entry);
            rest.retain(|name| self.names.is_part(name));
            count += self.clear(&entries).await?;
            // Bodies that nothing refers to yet are those of responses under way.
            self.each(&self.scripts.sweep, &rest, None).await?;
            if next == 0 {
                return Ok(count);
            }
            cursor = next;
        }
    }

    async fn scan(&self, cursor: u64, glob: &[u8]) -> Result<(u64, Vec<Vec<u8>>), BoxError> {
        let mut scan = redis::cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg(glob);
        self.line.ask(scan.arg("COUNT").arg(BATCH)).await
    }

    /// Nothing with the tag is alive any more as soon as its list is aside; what is left is to count
    /// them, and to make room.
    async fn invalidate_tag(&self, tag: &str) -> Result<usize, BoxError> {
        let aside = self.names.aside(&self.new_serial());
        let mut retire = self.scripts.retire.prepare_invoke();
        retire.key(self.names.tag(tag)).key(&aside);
        let mut is_left: bool = self.line.run(&retire).await?;
        let mut count = 0;
        while is_left {
            let mut pop = redis::cmd("ZPOPMIN");
            let popped: Vec<Vec<u8>> = self.line.ask(pop.arg(&aside).arg(BATCH)).await?;
            is_left = !popped.is_empty();
            // Each with the time at which it expires behind it.
            let entries = popped.iter().step_by(2);
            let entries = entries.filter(|entry| self.names.name_of(entry).is_some());
            let entries: Vec<_> = entries.collect();
            count += self.each(&self.scripts.untag, &entries, Some(tag)).await?;
        }
        Ok(count)
    }
}
