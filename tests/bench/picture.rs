//! The ratios as a picture: one bar for each thing that a prompt may find.

use std::fmt::Write as _;

const BAR: usize = 26;
const LABEL: f64 = 330.0;
const UNIT: f64 = 220.0;

/// Returns an SVG of bars, the first of which is the unit.
pub fn draw(bars: &[(&str, f64)]) -> String {
    let height = BAR * bars.len() + 20;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"840\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"14\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    for (index, (name, ratio)) in bars.iter().enumerate() {
        let y = 10 + BAR * index;
        let (middle, width) = (y + 17, ratio * UNIT);
        let colour = if index == 0 { "#999" } else { "#0a7bbb" };
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{middle}\" text-anchor=\"end\">{name}</text>\
             <rect x=\"{LABEL}\" y=\"{y}\" width=\"{width:.0}\" height=\"{}\" fill=\"{colour}\"/>\
             <text x=\"{:.0}\" y=\"{middle}\">{ratio:.2}</text>",
            LABEL - 8.0,
            BAR - 6,
            LABEL + width + 6.0,
        );
    }
    svg + "</svg>\n"
}
