//! The particulars of one customer's case: names, orders, products, amounts, dates.

use super::draw::Draw;

/// Slots by name, as templates use them.
pub(super) type Slots = Vec<(&'static str, String)>;

const FIRST_NAMES: [&str; 40] = [
    "Amara", "Bjorn", "Chiara", "Dilan", "Eoin", "Fatima", "Gareth", "Hana", "Imre", "Jocelyn", "Kwame", "Leticia",
    "Marek", "Nadia", "Oisin", "Priya", "Quentin", "Rosa", "Sanjay", "Tove", "Ursula", "Vikram", "Wanda", "Xiomara",
    "Yusuf", "Zofia", "Theo", "Meera", "Callum", "Ines", "Dmitri", "Aaliyah", "Hugo", "Mei", "Rafael", "Sunniva",
    "Tomasz", "Odile", "Kenji", "Bronwen",
];
const LAST_NAMES: [&str; 32] = [
    "Okafor",
    "Lindqvist",
    "Moretti",
    "Aydin",
    "Gallagher",
    "Haddad",
    "Pryce",
    "Novak",
    "Kovacs",
    "Baptiste",
    "Mensah",
    "Duarte",
    "Zielinski",
    "Rahman",
    "Byrne",
    "Iyer",
    "Laurent",
    "Delgado",
    "Mehta",
    "Halvorsen",
    "Brandt",
    "Nair",
    "Kaminski",
    "Reyes",
    "Demir",
    "Wojcik",
    "Papadakis",
    "Fraser",
    "Santos",
    "Volkov",
    "Tanaka",
    "Whitfield",
];
/// Name, price in cents, months of guarantee, and a size or capacity that people ask about.
const PRODUCTS: [(&str, usize, usize, &str); 18] = [
    ("Heron gooseneck kettle", 8_900, 24, "0.9 litres"),
    ("Marlow burr grinder", 14_900, 24, "60 mm conical burrs"),
    ("Pico espresso machine", 42_900, 36, "1.8 litres"),
    ("Tern pour-over set", 5_450, 12, "600 ml"),
    ("Gramm smart scale", 7_900, 24, "3 kg in steps of 0.1 g"),
    ("Solis milk frother", 6_900, 24, "240 ml"),
    ("Alder drip stand", 4_600, 12, "22 cm high"),
    ("Kestrel cold brew jug", 3_900, 12, "1.2 litres"),
    ("Orkney mug set", 4_800, 12, "four mugs of 320 ml"),
    ("Baltic cast iron pan", 9_500, 120, "28 cm"),
    ("Lumen egg cooker", 4_190, 24, "six eggs"),
    ("Fjord thermo bottle", 3_400, 24, "750 ml"),
    ("Sage spice mill", 3_290, 24, "80 g of peppercorns"),
    ("Dune butter dish", 2_850, 12, "250 g of butter"),
    ("Rook knife set", 18_900, 120, "five pieces"),
    ("Piper hand grinder", 7_200, 24, "25 g of beans"),
    ("Nimbus vacuum canister", 2_950, 12, "500 g of beans"),
    ("Otter travel press", 3_650, 12, "350 ml"),
];
const CITIES: [&str; 16] = [
    "Leeds",
    "Cork",
    "Ghent",
    "Malmö",
    "Porto",
    "Graz",
    "Utrecht",
    "Bristol",
    "Turin",
    "Aarhus",
    "Lyon",
    "Galway",
    "Kraków",
    "Bergen",
    "Valencia",
    "Edinburgh",
];
const CARRIERS: [&str; 5] = ["DHL", "DPD", "PostNord", "UPS", "GLS"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const PLANS: [(&str, usize); 4] =
    [("Club Light", 1_490), ("Club Classic", 2_490), ("Club Duo", 3_890), ("Club Office", 8_900)];
const DEVICES: [&str; 8] =
    ["iPhone 13", "Pixel 8", "Galaxy S22", "iPad Air", "old Moto G", "iPhone SE", "Fairphone 5", "Galaxy A54"];
const BEANS: [&str; 7] =
    ["Huila", "Yirgacheffe", "Sidamo decaf", "House No. 4", "Antigua", "Kiambu AA", "Winter blend"];

/// A new customer with a new case.
pub(super) fn draw_slots(draw: &mut Draw) -> Slots {
    let (first, last) = (draw.pick(&FIRST_NAMES), draw.pick(&LAST_NAMES));
    let (product, cents, guarantee, size) = PRODUCTS[draw.below(PRODUCTS.len())];
    let other = loop {
        let other = PRODUCTS[draw.below(PRODUCTS.len())];
        if other.0 != product {
            break other;
        }
    };
    let month = draw.below(12);
    let day = draw.between(1, 19);
    let later = day + draw.between(3, 8);
    let (plan, plan_cents) = PLANS[draw.below(PLANS.len())];
    let (new_plan, new_cents) = PLANS[draw.below(PLANS.len())];
    let separator = draw.pick(&[".", "_", ""]);
    let host = draw.pick(&["mail.example", "post.example", "inbox.example", "work.example"]);
    let email = format!("{}{separator}{}@{host}", first.to_lowercase(), last.to_lowercase());
    let price = |cents: usize| format!("{}.{:02}", cents / 100, cents % 100);
    vec![
        ("first", first.to_owned()),
        ("last", last.to_owned()),
        ("name", format!("{first} {last}")),
        ("email", email),
        ("order", format!("BB-{}", draw.between(20_417, 98_962))),
        ("order2", format!("BB-{}", draw.between(20_417, 98_962))),
        ("product", product.to_owned()),
        ("price", price(cents)),
        ("guarantee", guarantee.to_string()),
        ("size", size.to_owned()),
        ("other", other.0.to_owned()),
        ("other_price", price(other.1)),
        ("other_size", other.3.to_owned()),
        ("half", price(cents / 2)),
        ("double", price(cents * 2)),
        ("city", draw.pick(&CITIES).to_owned()),
        ("carrier", draw.pick(&CARRIERS).to_owned()),
        ("tracking", format!("{}{}", draw.between(3_100, 9_899), draw.between(100_000, 999_999))),
        ("date", format!("{day} {}", MONTHS[month])),
        ("later", format!("{later} {}", MONTHS[month])),
        ("month", MONTHS[month].to_owned()),
        ("next_month", MONTHS[(month + 1) % 12].to_owned()),
        ("days", draw.between(3, 9).to_string()),
        ("weeks", draw.between(2, 6).to_string()),
        ("plan", plan.to_owned()),
        ("plan_price", price(plan_cents)),
        ("new_plan", new_plan.to_owned()),
        ("new_price", price(new_cents)),
        ("invoice", format!("INV-{}-{:04}", draw.between(2_024, 2_026), draw.between(112, 9_870))),
        ("last4", format!("{:04}", draw.between(107, 9_986))),
        ("ticket", format!("T-{}", draw.between(51_200, 99_800))),
        ("device", draw.pick(&DEVICES).to_owned()),
        ("version", format!("{}.{}.{}", draw.between(3, 5), draw.between(0, 9), draw.between(0, 7))),
        ("error", format!("E{:02}", draw.between(2, 47))),
        ("bean", draw.pick(&BEANS).to_owned()),
        ("vat", format!("IE{}", draw.between(1_000_000, 9_999_999))),
        (
            "company",
            format!("{last} {}", draw.pick(&["Studio", "& Partners", "Architects", "Dental", "Coworking", "Bakery"])),
        ),
    ]
}
