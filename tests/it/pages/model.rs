//! Against a slow model: an API over `0..N`, read in every way that the adapters know.

use buttress::pages::{self, Items};
use buttress::{Client, Paginator, Pointer};
use buttress_testkit::Call;
use proptest::prelude::*;
use serde_json::json;

use super::{number, parameter, served};

type Answer = (Vec<(&'static str, String)>, String);

/// How the server is made.
#[derive(Clone, Copy, Debug)]
struct Api {
    items: usize,
    /// The most that it gives at once, whatever was asked for.
    cap: usize,
    /// Whether it tells how many there are.
    tells: bool,
}

impl Api {
    fn size(self, call: &Call, name: &str) -> usize {
        number(call, name).unwrap_or(self.cap).min(self.cap)
    }

    fn part(self, from: usize, size: usize) -> Vec<usize> {
        (0..self.items).skip(from).take(size).collect()
    }

    fn by_number(self, call: &Call) -> Answer {
        let size = self.size(call, "limit");
        let page = number(call, "page").unwrap();
        let data = self.part((page - 1) * size, size);
        let meta = if self.tells {
            json!({"page": page, "limit": size, "total": self.items, "totalPages": self.items.div_ceil(size)})
        } else {
            json!({"page": page})
        };
        (vec![], json!({"data": data, "meta": meta}).to_string())
    }

    fn by_offset(self, call: &Call) -> Answer {
        let data = self.part(number(call, "skip").unwrap(), self.size(call, "limit"));
        let total = self.tells.then_some(self.items);
        (vec![], json!({"data": data, "total": total}).to_string())
    }

    /// A cursor is the number of the first item, with an `a` before it.
    fn by_cursor(self, call: &Call) -> Answer {
        let size = self.size(call, "limit");
        let cursor = parameter(call, "cursor");
        let from = cursor.map_or(0, |cursor| cursor[1..].parse().unwrap());
        let end = from + size;
        let next = (end < self.items).then(|| format!("a{end}"));
        let prev = (from > 0).then(|| format!("a{}", from.saturating_sub(size)));
        let data = self.part(from, size);
        let more = next.is_some();
        let body = json!({"data": data, "nextCursor": next, "prevCursor": prev, "hasMore": more});
        (vec![], body.to_string())
    }

    fn by_link(self, call: &Call) -> Answer {
        let size = self.size(call, "limit");
        let page = number(call, "page").unwrap_or(1);
        let last = self.items.div_ceil(size).max(1);
        let mut links = vec![format!("</v1/list?page={last}&limit={size}>; rel=last")];
        if page < last {
            links.push(format!("<?page={}&limit={size}>; rel=\"next\"", page + 1));
        }
        if page > 1 {
            links.push(format!(
                "<list?limit={size}&page={}>; rel=\"prev\"",
                page - 1
            ));
        }
        let data = self.part((page - 1) * size, size);
        (vec![("link", links.join(", "))], json!(data).to_string())
    }

    /// Items have identifiers, and the cursor is one of them.
    fn by_last_item(self, call: &Call) -> Answer {
        let size = self.size(call, "limit");
        let of = |id: &str| id.parse::<usize>().unwrap();
        let (from, end) = match (
            parameter(call, "starting_after"),
            parameter(call, "ending_before"),
        ) {
            (Some(id), _) => (of(&id) + 1, of(&id) + 1 + size),
            (None, Some(id)) => (of(&id).saturating_sub(size), of(&id)),
            (None, None) => (0, size),
        };
        let ids: Vec<_> = self.part(from, end.min(self.items).saturating_sub(from));
        let is_backwards = parameter(call, "ending_before").is_some();
        let more = if is_backwards {
            from > 0
        } else {
            end < self.items
        };
        let data: Vec<_> = ids.iter().map(|id| json!({"id": id.to_string()})).collect();
        (vec![], json!({"data": data, "has_more": more}).to_string())
    }
}

fn list(client: &Client, paginator: impl Paginator) -> buttress::pages::Paging {
    client
        .get("/list")
        .query(&[("filter", "x")])
        .paginate(paginator)
}

async fn all(mut items: Items<usize>) -> Vec<usize> {
    let mut all = Vec::new();
    items.collect_into(&mut all).await.unwrap();
    all
}

/// Reads forwards, and backwards where it is known where the end is.
fn reads(
    api: Api,
    answer: impl Fn(Api, &Call) -> Answer + Send + Sync + 'static,
    paginator: &(impl Paginator + Clone),
    backwards: bool,
    prefetch: bool,
) {
    let (client, server) = served(move |call| answer(api, call));
    let list = || {
        let list = list(&client, paginator.clone());
        if prefetch { list.prefetch() } else { list }
    };
    let everything: Vec<_> = (0..api.items).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    assert_eq!(runtime.block_on(all(list().items())), everything);
    if backwards {
        let back = runtime.block_on(all(list().backwards().items()));
        assert_eq!(back, everything.into_iter().rev().collect::<Vec<_>>());
    }
    let calls = server.calls();
    assert!(calls.iter().all(
        |call| parameter(call, "filter").is_some_and(|filter| filter == "x")
            || call.uri.query().unwrap().contains("page=")
    ));
}

const DATA: Pointer = Pointer::from_static("/data");

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn ic66_by_number_every_item_comes_once_in_order_both_ways(
        items in 0usize..30, cap in 1usize..8, size in prop::option::of(1u64..9),
        tells in any::<bool>(), prefetch in any::<bool>(),
    ) {
        let paginator = pages::Number::new();
        let paginator = size.into_iter().fold(paginator, pages::Number::size);
        reads(Api { items, cap, tells }, Api::by_number, &paginator, tells, prefetch);
    }

    #[test]
    fn sp23_by_offset_every_item_comes_once_in_order_both_ways(
        items in 0usize..30, cap in 1usize..8, size in prop::option::of(1u64..9),
        tells in any::<bool>(), prefetch in any::<bool>(),
    ) {
        let paginator = pages::Offset::new().items(DATA);
        let paginator = size.into_iter().fold(paginator, pages::Offset::size);
        reads(Api { items, cap, tells }, Api::by_offset, &paginator, tells, prefetch);
    }

    #[test]
    fn ic67_by_cursor_every_item_comes_once_in_order(
        items in 0usize..30, cap in 1usize..8, size in prop::option::of(1u64..9),
        prefetch in any::<bool>(),
    ) {
        let paginator = pages::Cursor::new();
        let paginator = size.into_iter().fold(paginator, pages::Cursor::size);
        let api = Api { items, cap, tells: false };
        reads(api, Api::by_cursor, &paginator, items <= cap.min(size.map_or(9, |size| usize::try_from(size).unwrap())), prefetch);
    }

    #[test]
    fn by_link_every_item_comes_once_in_order_both_ways(
        items in 0usize..30, cap in 1usize..8, size in prop::option::of(1u64..9),
        prefetch in any::<bool>(),
    ) {
        let paginator = pages::Link::new();
        let paginator = size.into_iter().fold(paginator, pages::Link::size);
        reads(Api { items, cap, tells: false }, Api::by_link, &paginator, true, prefetch);
    }

    #[test]
    fn by_the_last_item_every_item_comes_once_in_order_both_ways(
        items in 1usize..30, cap in 1usize..8, size in 1u64..9,
    ) {
        const ID: Pointer = Pointer::from_static("/id");
        let api = Api { items, cap, tells: false };
        let (client, _) = served(move |call| api.by_last_item(call));
        let paginator = pages::Cursor::last_item(ID).size(size);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let mut ids = Vec::new();
            let mut read = list(&client, paginator.clone()).items::<serde_json::Value>();
            read.collect_into(&mut ids).await.unwrap();
            let expected: Vec<_> = (0..items).map(|id| json!({"id": id.to_string()})).collect();
            assert_eq!(ids, expected);
            // From behind the last one.
            let end = pages::Position::query(&[("ending_before", items)]).unwrap();
            let mut back = Vec::new();
            let read = list(&client, paginator).backwards().start_at(end);
            read.items::<serde_json::Value>().collect_into(&mut back).await.unwrap();
            assert_eq!(back, expected.into_iter().rev().collect::<Vec<_>>());
        });
    }
}

#[tokio::test]
async fn ap18_a_cursor_leads_back_from_where_it_points() {
    let api = Api {
        items: 7,
        cap: 3,
        tells: false,
    };
    let (client, _) = served(move |call| api.by_cursor(call));
    let at = pages::Position::query(&[("cursor", "a6")]).unwrap();
    let list = list(&client, pages::Cursor::new()).start_at(at).backwards();
    assert_eq!(all(list.items()).await, [6, 5, 4, 3, 2, 1, 0]);
}
