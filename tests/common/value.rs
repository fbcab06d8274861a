//! Replies as Rust values. Each panics, showing the reply, when it is of another shape.

use std::collections::BTreeMap;

use redis::Value;

/// The bytes of a string reply.
#[track_caller]
pub fn bytes(value: Value) -> Vec<u8> {
    match value {
        Value::BulkString(bytes) => bytes,
        Value::SimpleString(text) => text.into_bytes(),
        Value::VerbatimString { text, .. } => text.into_bytes(),
        Value::Okay => b"OK".to_vec(),
        other => panic!("not a string: {other:?}"),
    }
}

/// The text of a string reply.
#[track_caller]
pub fn text(value: Value) -> String {
    String::from_utf8(bytes(value)).unwrap_or_else(|error| panic!("not UTF-8: {error:?}"))
}

/// An integer reply.
#[track_caller]
pub fn int(value: Value) -> i64 {
    match value {
        Value::Int(number) => number,
        other => panic!("not an integer: {other:?}"),
    }
}

/// The elements of an array or a set.
#[track_caller]
pub fn elements(value: Value) -> Vec<Value> {
    match value {
        Value::Array(elements) | Value::Set(elements) => elements,
        other => panic!("not an array: {other:?}"),
    }
}

/// The fields of a map: RESP3's own type, or RESP2's flat array of names and values.
#[track_caller]
pub fn fields(value: Value) -> BTreeMap<String, Value> {
    match value {
        Value::Map(pairs) => pairs.into_iter().map(|(k, v)| (text(k), v)).collect(),
        Value::Array(flat) => {
            assert!(flat.len().is_multiple_of(2), "not a map: {flat:?}");
            let pairs = flat.chunks_exact(2);
            pairs
                .map(|pair| (text(pair[0].clone()), pair[1].clone()))
                .collect()
        }
        other => panic!("not a map: {other:?}"),
    }
}
