use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest;
use domain::Locale;
use handlebars::{Context, Handlebars, Helper, HelperResult, Output, RenderContext, RenderErrorReason};
use renderer::Catalogue;
use rust_embed::RustEmbed;
use serde::Serialize;

use crate::face::Face;

#[derive(RustEmbed)]
#[folder = "../../templates/pages"]
struct Embedded;

/// The files of the style, in the order in which a rule goes over those before it.
const STYLE: [&str; 3] = ["assets/style.css", "assets/forms.css", "assets/lists.css"];

/// The public pages: their templates and their style, embedded or from a folder.
#[derive(Debug)]
pub struct Pages {
    templates: Handlebars<'static>,
    style: String,
    /// Changes with the style, so that browsers may keep it for ever.
    style_name: String,
}

/// Why the pages cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PagesError {
    /// A file of the folder cannot be read.
    #[error("the page template {0} cannot be read")]
    Read(PathBuf, #[source] std::io::Error),
    /// A file is in no encoding that a page can have.
    #[error("the page template {0} is not UTF-8")]
    Encoding(String),
    /// A template has a fault.
    #[error("the page template {0} does not compile")]
    Template(String, #[source] Box<handlebars::TemplateError>),
}

/// A page: its template and what the template shows.
pub(crate) trait Page: Serialize {
    /// The template's file, without `.hbs`.
    const TEMPLATE: &'static str;
    /// Whether anybody may find it: no token stands in its address.
    const PUBLIC: bool = false;

    /// The page's name, in the browser's tab and, on most pages, on top.
    fn title(&self, words: &Catalogue, face: &Face) -> String;
}

/// What every template sees.
#[derive(Serialize)]
struct Shown<'a, P> {
    locale: Locale,
    title: String,
    public: bool,
    style: String,
    look: &'a Face,
    page: &'a P,
}

impl Pages {
    /// The embedded pages, each replaced by a file of the same name in `folder` where there is one.
    pub fn load(folder: Option<&Path>) -> Result<Self, PagesError> {
        let mut templates = Handlebars::new();
        templates.set_strict_mode(true);
        templates.register_helper("t", Box::new(translate));
        let mut files: BTreeMap<String, String> = BTreeMap::new();
        for name in Embedded::iter() {
            let text = match folder.map(|folder| folder.join(name.as_ref())).filter(|path| path.is_file()) {
                Some(path) => std::fs::read_to_string(&path).map_err(|why| PagesError::Read(path, why))?,
                None => embedded(&name)?,
            };
            files.insert(name.into_owned(), text);
        }
        let style = STYLE.map(|file| files.remove(file).unwrap_or_default()).join("\n");
        for (file, text) in &files {
            let name = file.trim_end_matches(".hbs");
            templates
                .register_template_string(name, text)
                .map_err(|why| PagesError::Template(file.clone(), Box::new(why)))?;
        }
        let hash = digest::digest(&digest::SHA256, style.as_bytes());
        let hash = data_encoding::HEXLOWER.encode(hash.as_ref().get(..6).unwrap_or_default());
        Ok(Self { templates, style, style_name: format!("style-{hash}.css") })
    }

    /// The page as HTML.
    pub(crate) fn render<P: Page>(
        &self,
        face: &Face,
        locale: Locale,
        page: &P,
    ) -> Result<String, handlebars::RenderError> {
        let shown = Shown {
            locale,
            title: page.title(Catalogue::of(locale), face),
            public: P::PUBLIC,
            style: format!("{}/assets/{}", face.root, self.style_name()),
            look: face,
            page,
        };
        self.templates.render(P::TEMPLATE, &shown)
    }

    /// The name under which the style is to be had at present.
    pub(crate) fn style_name(&self) -> &str {
        &self.style_name
    }

    /// The style, if it is asked for by its present name.
    pub(crate) fn style(&self, name: &str) -> Option<&str> {
        (name == self.style_name).then_some(&self.style)
    }
}

fn embedded(name: &str) -> Result<String, PagesError> {
    let file = Embedded::get(name).map(|file| file.data.into_owned()).unwrap_or_default();
    String::from_utf8(file).map_err(|_| PagesError::Encoding(name.to_owned()))
}

/// `{{t "page.key" name=value}}`: the words of the page's language. They are escaped like any value.
fn translate(
    helper: &Helper<'_>,
    registry: &Handlebars<'_>,
    context: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    let key =
        helper.param(0).and_then(|key| key.value().as_str()).ok_or(RenderErrorReason::ParamNotFoundForIndex("t", 0))?;
    let locale = context.data().get("locale").and_then(|locale| locale.as_str()?.parse().ok()).unwrap_or_default();
    let count = helper.hash_get("count").and_then(|count| count.value().as_u64());
    let values: Vec<(&str, String)> =
        helper.hash().iter().map(|(name, value)| (*name, handlebars::JsonRender::render(value.value()))).collect();
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let words = Catalogue::of(locale);
    let text = match count {
        Some(count) => words.count(key, count, &values),
        None => words.text(key, &values),
    };
    out.write(&registry.get_escape_fn()(&text))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_is_all_of_its_files_in_their_order() {
        let pages = Pages::load(None).unwrap();
        let style = pages.style(pages.style_name()).unwrap();
        let places: Vec<_> = ["/* Ground */", "/* Forms */", "/* Lists */"].map(|title| style.find(title)).into();
        assert!(places.is_sorted() && places.iter().all(Option::is_some), "{places:?}");
    }

    #[test]
    fn a_file_of_the_style_may_be_replaced_by_itself() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("assets")).unwrap();
        std::fs::write(folder.path().join("assets/forms.css"), "form { color: teal }").unwrap();
        let pages = Pages::load(Some(folder.path())).unwrap();
        let style = pages.style(pages.style_name()).unwrap();
        assert!(style.contains("teal") && style.contains("/* Lists */") && !style.contains("/* Forms */"));
        assert_ne!(pages.style_name(), Pages::load(None).unwrap().style_name());
    }
}
