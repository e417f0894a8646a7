//! How much one key may ask: a bucket of requests for each, filled again evenly.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};

use crate::{app::App, problem::Problem};

pub const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
pub const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
pub const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// Keys that are counted at a time. When there are more, those that may ask everything again are forgotten, and if that
/// is not enough all: this many keys in a minute are guesses, which count for nothing.
const MOST: usize = 10_000;

/// Credentials by their hash, so that none lies in memory.
type Buckets = HashMap<[u8; 32], Bucket>;

struct Bucket {
    /// Requests left, a part of one included.
    left: f64,
    at: Instant,
}

pub struct Rates {
    /// Requests a minute; nothing: as many as they like.
    limit: Option<u32>,
    buckets: Mutex<Buckets>,
}

/// What one request left of its key's bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Taken {
    pub allowed: bool,
    pub limit: u32,
    pub remaining: u32,
    /// Until the bucket is full again; of a request that is refused, until the next is allowed.
    pub wait: Duration,
}

impl Rates {
    /// `per_minute` requests for each key; 0: no limit.
    pub fn new(per_minute: u32) -> Self {
        Self {
            limit: (per_minute > 0).then_some(per_minute),
            buckets: Mutex::default(),
        }
    }

    /// Takes one request out of the bucket of `credential`; `None` when there is no limit.
    pub fn take(&self, credential: &[u8], now: Instant) -> Option<Taken> {
        let limit = self.limit?;
        let (full, per_second) = (f64::from(limit), f64::from(limit) / 60.0);
        // No panic can happen while it is held that would leave the map half changed.
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let filled = |bucket: &Bucket| {
            let since = now.saturating_duration_since(bucket.at).as_secs_f64();
            (bucket.left + since * per_second).min(full)
        };
        let key: [u8; 32] = Sha256::digest(credential).into();
        if buckets.len() >= MOST && !buckets.contains_key(&key) {
            buckets.retain(|_, bucket| filled(bucket) < full);
            if buckets.len() >= MOST {
                buckets.clear();
            }
        }
        let bucket = buckets.entry(key).or_insert(Bucket {
            left: full,
            at: now,
        });
        let left = filled(bucket);
        let allowed = left >= 1.0;
        let left = if allowed { left - 1.0 } else { left };
        *bucket = Bucket { left, at: now };
        let missing = if allowed { full - left } else { 1.0 - left };
        Some(Taken {
            allowed,
            limit,
            remaining: left as u32,
            wait: Duration::from_secs_f64(missing / per_second),
        })
    }
}

/// Refuses what is too much, and tells every holder of a key how much is left.
pub async fn limit(State(app): State<App>, request: Request, next: Next) -> Response {
    let credential = request.headers().get(header::AUTHORIZATION);
    let taken =
        credential.and_then(|credential| app.rates.take(credential.as_bytes(), Instant::now()));
    let Some(taken) = taken else {
        return next.run(request).await;
    };
    let wait = taken.wait.as_secs_f64().ceil().max(1.0) as u32;
    let mut response = if taken.allowed {
        next.run(request).await
    } else {
        let detail = format!(
            "this key may ask {} times a minute (limits.requests_per_minute): wait {wait} s",
            taken.limit
        );
        Problem::new(StatusCode::TOO_MANY_REQUESTS, detail)
            .after(wait)
            .into_response()
    };
    for (name, value) in [
        (LIMIT, taken.limit),
        (REMAINING, taken.remaining),
        (RESET, wait),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_may_ask_so_often_and_again_after_a_while() {
        let (rates, start) = (Rates::new(60), Instant::now());
        let take = |ms| {
            rates
                .take(b"a", start + Duration::from_millis(ms))
                .expect("there is a limit")
        };
        for left in (0..60).rev() {
            let taken = take(0);
            assert!(taken.allowed && taken.remaining == left, "{taken:?}");
        }
        let refused = take(400);
        assert!(!refused.allowed && refused.remaining == 0, "{refused:?}");
        assert_eq!(refused.wait.as_millis(), 600);
        assert!(!take(990).allowed, "asking in vain costs nothing");
        assert!(take(1000).allowed);
        assert!(!take(1010).allowed);
        assert_eq!(
            take(3_600_000).remaining,
            59,
            "no more than a minute's worth is saved up"
        );
    }

    #[test]
    fn keys_do_not_count_for_each_other() {
        let (rates, now) = (Rates::new(1), Instant::now());
        let allowed = |key: &[u8]| rates.take(key, now).is_some_and(|taken| taken.allowed);
        assert!(allowed(b"a") && allowed(b"b") && !allowed(b"a"));
    }

    #[test]
    fn without_a_limit_nothing_is_counted() {
        assert_eq!(Rates::new(0).take(b"a", Instant::now()), None);
    }

    #[test]
    fn guesses_do_not_fill_the_memory() {
        let (rates, now) = (Rates::new(60), Instant::now());
        for guess in 0..MOST + 5 {
            rates.take(&guess.to_le_bytes(), now);
        }
        let counted = |rates: &Rates| rates.buckets.lock().expect("nobody panicked").len();
        assert_eq!(counted(&rates), 5);
        rates.take(b"later", now + Duration::from_secs(60));
        assert_eq!(
            counted(&rates),
            6,
            "they are forgotten when there are too many"
        );
    }
}
