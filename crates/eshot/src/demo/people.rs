use domain::EmailAddress;
use subscribers::Profile;
use subscribers::import::Row;

/// The people of the demo. All live at domains that RFC 2606 keeps for examples, so no mail can reach anybody.
const NAMES: [&str; 40] = [
    "Ada Lovelace",
    "Alan Turing",
    "Grace Hopper",
    "Edsger Dijkstra",
    "Barbara Liskov",
    "Donald Knuth",
    "Radia Perlman",
    "Dennis Ritchie",
    "Frances Allen",
    "Ken Thompson",
    "Karen Jones",
    "Tony Hoare",
    "Margaret Hamilton",
    "Niklaus Wirth",
    "Adele Goldberg",
    "Alan Kay",
    "Jean Bartik",
    "John Backus",
    "Shafi Goldwasser",
    "Vint Cerf",
    "Lynn Conway",
    "Robin Milner",
    "Mary Shaw",
    "Butler Lampson",
    "Kathleen Booth",
    "Maurice Wilkes",
    "Ida Rhodes",
    "Konrad Zuse",
    "Evelyn Boyd",
    "Peter Naur",
    "Stephanie Shirley",
    "Kristen Nygaard",
    "Sophie Wilson",
    "Leslie Lamport",
    "Hedy Lamarr",
    "Jon Postel",
    "Mary Keller",
    "Per Hansen",
    "Gone Away",
    "Moved Elsewhere",
];

const DOMAINS: [&str; 3] = ["example.com", "example.org", "example.net"];

/// How many at the end of the list have mailboxes that do not exist any more.
pub(super) const GONE: usize = 2;

/// How many people there are.
pub(super) const COUNT: usize = NAMES.len();

/// The list as it would be imported.
pub(super) fn rows() -> impl Iterator<Item = Row> {
    NAMES.iter().zip(1..).map(|(name, line)| Row {
        line,
        email: address(line, name),
        profile: Profile { name: Some((*name).to_owned()), ..Profile::default() },
        locale: None,
    })
}

/// Those whose mail comes back.
pub(super) fn gone() -> impl Iterator<Item = EmailAddress> {
    rows().skip(COUNT - GONE).filter_map(|row| row.email.parse().ok())
}

fn address(line: u64, name: &str) -> String {
    let domain = DOMAINS[usize::try_from(line).unwrap_or_default() % DOMAINS.len()];
    format!("{}@{domain}", name.to_lowercase().replace(' ', "."))
}
