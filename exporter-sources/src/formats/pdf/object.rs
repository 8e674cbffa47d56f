//! Looking into lopdf's objects: every step follows references and never fails loudly.

use lopdf::{Dictionary, Document, Object, ObjectId, Stream};

use super::geometry::{Area, Matrix};

/// The object behind any chain of references; `None` if it is missing.
pub(super) fn resolve<'a>(document: &'a Document, object: &'a Object) -> Option<&'a Object> {
    document.dereference(object).ok().map(|(_, object)| object)
}

/// The value under `key`, references followed; `null` counts as absent.
pub(super) fn get<'a>(document: &'a Document, dictionary: &'a Dictionary, key: &[u8]) -> Option<&'a Object> {
    let object = resolve(document, dictionary.get(key).ok()?)?;
    (!object.is_null()).then_some(object)
}

pub(super) fn get_dictionary<'a>(
    document: &'a Document,
    dictionary: &'a Dictionary,
    key: &[u8],
) -> Option<&'a Dictionary> {
    as_dictionary(get(document, dictionary, key)?)
}

/// A dictionary, or the dictionary of a stream.
pub(super) fn as_dictionary(object: &Object) -> Option<&Dictionary> {
    match object {
        Object::Dictionary(dictionary) => Some(dictionary),
        Object::Stream(stream) => Some(&stream.dict),
        _ => None,
    }
}

pub(super) fn get_stream<'a>(
    document: &'a Document,
    dictionary: &'a Dictionary,
    key: &[u8],
) -> Option<&'a Stream> {
    get(document, dictionary, key)?.as_stream().ok()
}

pub(super) fn get_array<'a>(
    document: &'a Document,
    dictionary: &'a Dictionary,
    key: &[u8],
) -> Option<&'a [Object]> {
    get(document, dictionary, key)?.as_array().ok().map(Vec::as_slice)
}

pub(super) fn get_name<'a>(
    document: &'a Document,
    dictionary: &'a Dictionary,
    key: &[u8],
) -> Option<&'a [u8]> {
    get(document, dictionary, key)?.as_name().ok()
}

pub(super) fn get_number(document: &Document, dictionary: &Dictionary, key: &[u8]) -> Option<f64> {
    number(get(document, dictionary, key)?)
}

/// The object number a key points at, for caches.
pub(super) fn get_id(dictionary: &Dictionary, key: &[u8]) -> Option<ObjectId> {
    dictionary.get(key).ok()?.as_reference().ok()
}

pub(super) fn number(object: &Object) -> Option<f64> {
    match object {
        #[expect(clippy::cast_precision_loss, reason = "page measures are small")]
        Object::Integer(value) => Some(*value as f64),
        Object::Real(value) => Some(f64::from(*value)),
        _ => None,
    }
}

/// A whole number in a dictionary or array, as codes and counts are.
pub(super) fn integer(object: &Object) -> Option<i64> {
    match object {
        Object::Integer(value) => Some(*value),
        #[expect(clippy::cast_possible_truncation, reason = "rounded down on purpose")]
        Object::Real(value) => Some(*value as i64),
        _ => None,
    }
}

/// `N` numbers out of an array.
pub(super) fn numbers<const N: usize>(document: &Document, array: &[Object]) -> Option<[f64; N]> {
    let mut out = [0.0; N];
    if array.len() < N {
        return None;
    }
    for (slot, object) in out.iter_mut().zip(array) {
        *slot = number(resolve(document, object)?)?;
    }
    Some(out)
}

/// A rectangle, its corners in any order (ISO 32000-1, 7.9.5).
pub(super) fn rectangle(document: &Document, dictionary: &Dictionary, key: &[u8]) -> Option<Area> {
    let [ax, ay, bx, by] = numbers(document, get_array(document, dictionary, key)?)?;
    let area = Area::around([(ax, ay), (bx, by)]);
    (!area.is_empty()).then_some(area)
}

pub(super) fn matrix(document: &Document, dictionary: &Dictionary, key: &[u8]) -> Option<Matrix> {
    numbers(document, get_array(document, dictionary, key)?).map(Matrix::new)
}

#[cfg(test)]
mod tests {
    use lopdf::dictionary;

    use super::*;

    #[test]
    fn references_are_followed_and_null_is_absent() {
        let mut document = Document::new();
        let id = document.add_object(Object::Integer(7));
        let dictionary = dictionary! { "A" => id, "B" => Object::Null, "C" => (99, 0) };
        assert_eq!(get_number(&document, &dictionary, b"A"), Some(7.0));
        assert_eq!(get(&document, &dictionary, b"B"), None);
        assert_eq!(get(&document, &dictionary, b"C"), None);
    }

    #[test]
    fn rectangles_may_be_written_from_any_corner() {
        let document = Document::new();
        let dictionary = dictionary! { "R" => vec![100.into(), 200.into(), 0.into(), 0.into()] };
        let area = rectangle(&document, &dictionary, b"R").expect("a rectangle");
        assert_eq!((area.x0, area.y1), (0.0, 200.0));
    }
}
