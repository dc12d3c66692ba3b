use subscribers::Profile;
use subscribers::import::Row;

/// RFC 2606 keeps these for examples: whatever the relay is, nobody gets this mail.
const DOMAINS: [&str; 3] = ["example.com", "example.org", "example.net"];

const FIRST: [&str; 12] =
    ["Ada", "Alan", "Grace", "Edsger", "Zoë", "Donald", "Radia", "Dennis", "Frances", "José", "Karen", "Tony"];
const LAST: [&str; 11] = [
    "Lovelace",
    "Turing",
    "Hopper",
    "Liskov",
    "Müller",
    "Perlman",
    "Ritchie",
    "Allen",
    "Thompson",
    "Jones",
    "O'Neill & Sons",
];

/// The attribute that makes every person's links their own.
pub(super) const NUMBER: &str = "number";

/// The people with these numbers, made as they are asked for: a million of them takes no memory.
pub(super) fn rows(numbers: std::ops::Range<u32>) -> impl Iterator<Item = Row> {
    numbers.map(|number| Row {
        line: u64::from(number),
        email: format!("reader.{number}@{}", pick(&DOMAINS, number)),
        profile: Profile {
            name: Some(format!("{} {}", pick(&FIRST, number), pick(&LAST, number))),
            company: (number % 3 == 0).then(|| format!("Company {}", number % 1_000)),
            attributes: [(NUMBER.to_owned(), number.to_string())].into(),
            ..Profile::default()
        },
        locale: None,
    })
}

fn pick<'a>(from: &[&'a str], number: u32) -> &'a str {
    from[number as usize % from.len()]
}
