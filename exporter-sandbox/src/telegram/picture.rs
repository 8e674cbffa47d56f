//! Which files are pictures to the service (core.telegram.org/bots/api#sendphoto).

use super::errors::Refusal;

/// Largest picture, in bytes.
const LARGEST: usize = 10 * 1024 * 1024;
/// Largest width and height together, and the widest shape.
const LARGEST_SUM: usize = 10_000;
const WIDEST: usize = 20;

/// Width and height of a picture that may be sent as such.
pub(super) fn size(bytes: &[u8]) -> Result<(usize, usize), Refusal> {
    if bytes.len() > LARGEST {
        let why = format!(
            "file of size {} bytes is too big for a photo; the maximum size is {LARGEST} bytes",
            bytes.len()
        );
        return Err(Refusal::bad(why));
    }
    let size = imagesize::blob_size(bytes).map_err(|_| Refusal::bad("IMAGE_PROCESS_FAILED"))?;
    let (small, large) = (size.width.min(size.height), size.width.max(size.height));
    if small + large > LARGEST_SUM || large > small * WIDEST {
        return Err(Refusal::bad("PHOTO_INVALID_DIMENSIONS"));
    }
    Ok((size.width, size.height))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let head = [&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], &width.to_be_bytes(), &height.to_be_bytes()];
        [head.concat(), vec![8, 6, 0, 0, 0]].concat()
    }

    #[test]
    fn only_pictures_of_a_sensible_shape_are_photos() {
        assert_eq!(size(&png(1280, 800)), Ok((1280, 800)));
        assert_eq!(size(&png(1280, 9000)), Err(Refusal::bad("PHOTO_INVALID_DIMENSIONS")));
        assert_eq!(size(&png(2100, 100)), Err(Refusal::bad("PHOTO_INVALID_DIMENSIONS")));
        assert_eq!(size(b"%PDF-1.4"), Err(Refusal::bad("IMAGE_PROCESS_FAILED")));
        assert!(size(&vec![0; LARGEST + 1]).is_err());
    }
}
