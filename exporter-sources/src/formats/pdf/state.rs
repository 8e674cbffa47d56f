//! The graphics and text state that operators change (ISO 32000-1, 8.4 and 9.3).

use std::rc::Rc;

use super::fonts::Font;
use super::geometry::{Area, Matrix};

/// What `q` saves and `Q` restores.
#[derive(Debug, Clone)]
pub(super) struct State {
    /// From user space to the upright page.
    pub(super) ctm: Matrix,
    /// The box around the clipping path, on the page.
    pub(super) clip: Area,
    pub(super) fill: u32,
    pub(super) line_width: f64,
    pub(super) text: TextState,
}

/// Text parameters (9.3.1).
#[derive(Debug, Clone)]
pub(super) struct TextState {
    pub(super) font: Option<Rc<Font>>,
    pub(super) size: f64,
    pub(super) char_space: f64,
    pub(super) word_space: f64,
    /// Horizontal scaling as a factor.
    pub(super) scale: f64,
    pub(super) leading: f64,
    pub(super) rise: f64,
    pub(super) mode: i32,
}

impl State {
    pub(super) fn new(ctm: Matrix, clip: Area) -> Self {
        Self {
            ctm,
            clip,
            fill: 0,
            line_width: 1.0,
            text: TextState {
                font: None,
                size: 0.0,
                char_space: 0.0,
                word_space: 0.0,
                scale: 1.0,
                leading: 0.0,
                rise: 0.0,
                mode: 0,
            },
        }
    }
}

/// `0xRRGGBB` out of 1 (grey), 3 (RGB) or 4 (CMYK) components.
pub(super) fn color(components: &[f64]) -> u32 {
    let rgb = match *components {
        [grey] => [grey; 3],
        [r, g, b] => [r, g, b],
        [c, m, y, k] => [c, m, y].map(|part| (1.0 - part) * (1.0 - k)),
        _ => [0.5; 3],
    };
    rgb.iter().fold(0, |color, part| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 255")]
        let byte = (part.clamp(0.0, 1.0) * 255.0).round() as u32;
        color << 8 | byte
    })
}

#[cfg(test)]
mod tests {
    use super::color;

    #[test]
    fn colours_of_each_space() {
        assert_eq!(color(&[1.0]), 0xff_ff_ff);
        assert_eq!(color(&[1.0, 0.0, 0.0]), 0xff_00_00);
        assert_eq!(color(&[0.0, 0.0, 0.0, 1.0]), 0);
    }
}
