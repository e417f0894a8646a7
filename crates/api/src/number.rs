//! Numbers as JSON: a whole number is written without a fraction, money is never a float.

use rust_decimal::{Decimal, prelude::ToPrimitive};
use serde::{Deserialize, Deserializer, Serializer};

pub(crate) fn write<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    // Above 2^53 a float has no fraction anyway, and not every whole number is one.
    if number.fract() == 0.0 && number.abs() < 9e15 {
        serializer.serialize_i64(*number as i64)
    } else {
        serializer.serialize_f64(*number)
    }
}

/// For `serialize_with` on optional numbers.
pub(crate) mod maybe {
    pub(crate) fn write<S: serde::Serializer>(
        number: &Option<f64>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match number {
            Some(number) => super::write(number, serializer),
            None => serializer.serialize_none(),
        }
    }
}

/// For `with` on amounts of money: a JSON number both ways.
pub(crate) mod money {
    use super::{Decimal, Deserialize, Deserializer, Serializer, ToPrimitive};

    pub(crate) fn serialize<S: Serializer>(
        amount: &Decimal,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let amount = amount.normalize();
        match amount.to_i64() {
            Some(whole) if amount.scale() == 0 => serializer.serialize_i64(whole),
            _ => serializer.serialize_f64(amount.to_f64().unwrap_or(0.0)),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Decimal, D::Error> {
        // Through the digits as written, so that 0.1 is one tenth.
        let number = serde_json::Number::deserialize(deserializer)?.to_string();
        number
            .parse()
            .or_else(|_| Decimal::from_scientific(&number))
            .map_err(serde::de::Error::custom)
    }
}
