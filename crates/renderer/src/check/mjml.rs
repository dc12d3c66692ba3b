//! The attributes that MJML elements have (MJML 4 reference); mrml itself takes any and says nothing.

const EVERYWHERE: [&str; 6] = ["css-class", "mj-class", "padding", "padding-bottom", "padding-left", "padding-right"];
const TYPE: [&str; 9] = [
    "align",
    "color",
    "font-family",
    "font-size",
    "font-style",
    "font-weight",
    "letter-spacing",
    "line-height",
    "text-decoration",
];
const BORDER: [&str; 6] = ["border", "border-bottom", "border-left", "border-radius", "border-right", "border-top"];
const GROUND: [&str; 7] = [
    "background-color",
    "background-position",
    "background-position-x",
    "background-position-y",
    "background-repeat",
    "background-size",
    "background-url",
];

/// Whether an MJML element may have an attribute.
pub(super) fn knows(element: &str, attribute: &str) -> bool {
    let of = |groups: &[&[&str]]| groups.iter().any(|group| group.contains(&attribute));
    if of(&[&EVERYWHERE]) || attribute == "padding-top" {
        return element.starts_with("mj-");
    }
    match element {
        "mjml" => of(&[&["lang", "dir", "owa"]]),
        "mj-body" => of(&[&["background-color", "width"]]),
        "mj-breakpoint" => attribute == "width",
        "mj-style" => attribute == "inline",
        "mj-class" => attribute == "name" || of(&[&TYPE, &BORDER, &GROUND, &["width", "height", "inner-padding"]]),
        "mj-all" => of(&[&TYPE, &BORDER, &GROUND]),
        "mj-section" | "mj-wrapper" => of(&[&BORDER, &GROUND, &["direction", "full-width", "text-align", "gap"]]),
        "mj-group" => of(&[&["background-color", "direction", "vertical-align", "width"]]),
        "mj-column" => of(&[
            &BORDER,
            &[
                "background-color",
                "inner-background-color",
                "inner-border",
                "inner-border-radius",
                "vertical-align",
                "width",
                "direction",
            ],
        ]),
        "mj-hero" => of(&[
            &GROUND,
            &["background-height", "background-width", "height", "mode", "vertical-align", "width", "border-radius"],
        ]),
        "mj-text" => of(&[&TYPE, &["container-background-color", "height", "text-transform", "vertical-align"]]),
        "mj-table" => of(&[
            &TYPE,
            &["border", "cellpadding", "cellspacing", "container-background-color", "role", "table-layout", "width"],
        ]),
        "mj-image" => of(&[
            &BORDER,
            &[
                "align",
                "alt",
                "container-background-color",
                "fluid-on-mobile",
                "font-size",
                "height",
                "href",
                "max-height",
                "name",
                "rel",
                "src",
                "target",
                "title",
                "width",
            ],
        ]),
        "mj-button" => of(&[
            &TYPE,
            &BORDER,
            &[
                "background-color",
                "container-background-color",
                "height",
                "href",
                "inner-padding",
                "name",
                "rel",
                "target",
                "text-align",
                "text-transform",
                "title",
                "vertical-align",
                "width",
            ],
        ]),
        "mj-divider" => {
            of(&[&["align", "border-color", "border-style", "border-width", "container-background-color", "width"]])
        }
        "mj-spacer" => of(&[&["container-background-color", "height"]]),
        "mj-social" => of(&[
            &TYPE,
            &[
                "border-radius",
                "container-background-color",
                "icon-height",
                "icon-size",
                "inner-padding",
                "mode",
                "icon-padding",
                "text-padding",
            ],
        ]),
        "mj-social-element" => of(&[
            &TYPE,
            &[
                "alt",
                "background-color",
                "border-radius",
                "href",
                "icon-height",
                "icon-size",
                "icon-padding",
                "rel",
                "src",
                "target",
                "text-padding",
                "title",
                "vertical-align",
            ],
        ]),
        _ => false,
    }
}
