use crate::Eshot;

/// Brings in a list of people who agreed elsewhere, by the command; to many it is the quick way.
pub fn import(eshot: &Eshot, emails: impl Iterator<Item = String>) {
    let file = eshot.installation().folder().join("people.csv");
    let rows: String = emails.map(|email| format!("{email},Sam Sample\n")).collect();
    std::fs::write(&file, format!("email,name\n{rows}")).expect("a list of people");
    let file = file.display().to_string();
    let words = ["--brand", "example", "--topic", "offers", "--basis", "consent", "--stated", "signed at the fair"];
    eshot.installation().run(&[&["subscriber", "import", &file], &words[..]].concat());
}
