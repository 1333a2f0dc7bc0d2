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
type Product = (&'static str, usize, usize, &'static str);

const PRODUCTS: [Product; 18] = [
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
    let case = Case::draw(draw);
    [case.customer(), case.purchase(draw), case.delivery(draw), case.subscription(draw), case.trouble(draw)].concat()
}

/// What the slots of one case have in common.
struct Case {
    first: &'static str,
    last: &'static str,
    email: String,
    product: Product,
    other: Product,
    day: usize,
    later: usize,
    month: usize,
    plan: (&'static str, usize),
    new_plan: (&'static str, usize),
}

impl Case {
    fn draw(draw: &mut Draw) -> Self {
        let (first, last) = (draw.pick(&FIRST_NAMES), draw.pick(&LAST_NAMES));
        let product = PRODUCTS[draw.below(PRODUCTS.len())];
        let other = loop {
            let other = PRODUCTS[draw.below(PRODUCTS.len())];
            if other.0 != product.0 {
                break other;
            }
        };
        let month = draw.below(12);
        let day = draw.between(1, 19);
        let later = day + draw.between(3, 8);
        let plan = PLANS[draw.below(PLANS.len())];
        let new_plan = PLANS[draw.below(PLANS.len())];
        let separator = draw.pick(&[".", "_", ""]);
        let host = draw.pick(&["mail.example", "post.example", "inbox.example", "work.example"]);
        let email = format!("{}{separator}{}@{host}", first.to_lowercase(), last.to_lowercase());
        Self { first, last, email, product, other, day, later, month, plan, new_plan }
    }

    fn customer(&self) -> Slots {
        vec![
            ("first", self.first.to_owned()),
            ("last", self.last.to_owned()),
            ("name", format!("{} {}", self.first, self.last)),
            ("email", self.email.clone()),
        ]
    }

    fn purchase(&self, draw: &mut Draw) -> Slots {
        let (product, cents, guarantee, size) = self.product;
        vec![
            ("order", format!("BB-{}", draw.between(20_417, 98_962))),
            ("order2", format!("BB-{}", draw.between(20_417, 98_962))),
            ("product", product.to_owned()),
            ("price", price(cents)),
            ("guarantee", guarantee.to_string()),
            ("size", size.to_owned()),
            ("other", self.other.0.to_owned()),
            ("other_price", price(self.other.1)),
            ("other_size", self.other.3.to_owned()),
            ("half", price(cents / 2)),
            ("double", price(cents * 2)),
        ]
    }

    fn delivery(&self, draw: &mut Draw) -> Slots {
        let month = MONTHS[self.month];
        vec![
            ("city", draw.pick(&CITIES).to_owned()),
            ("carrier", draw.pick(&CARRIERS).to_owned()),
            ("tracking", format!("{}{}", draw.between(3_100, 9_899), draw.between(100_000, 999_999))),
            ("date", format!("{} {month}", self.day)),
            ("later", format!("{} {month}", self.later)),
            ("month", month.to_owned()),
            ("next_month", MONTHS[(self.month + 1) % 12].to_owned()),
            ("days", draw.between(3, 9).to_string()),
            ("weeks", draw.between(2, 6).to_string()),
        ]
    }

    fn subscription(&self, draw: &mut Draw) -> Slots {
        vec![
            ("plan", self.plan.0.to_owned()),
            ("plan_price", price(self.plan.1)),
            ("new_plan", self.new_plan.0.to_owned()),
            ("new_price", price(self.new_plan.1)),
            ("invoice", format!("INV-{}-{:04}", draw.between(2_024, 2_026), draw.between(112, 9_870))),
            ("last4", format!("{:04}", draw.between(107, 9_986))),
        ]
    }

    /// What goes wrong at home, and who asks on behalf of a company.
    fn trouble(&self, draw: &mut Draw) -> Slots {
        let kinds = ["Studio", "& Partners", "Architects", "Dental", "Coworking", "Bakery"];
        vec![
            ("ticket", format!("T-{}", draw.between(51_200, 99_800))),
            ("device", draw.pick(&DEVICES).to_owned()),
            ("version", format!("{}.{}.{}", draw.between(3, 5), draw.between(0, 9), draw.between(0, 7))),
            ("error", format!("E{:02}", draw.between(2, 47))),
            ("bean", draw.pick(&BEANS).to_owned()),
            ("vat", format!("IE{}", draw.between(1_000_000, 9_999_999))),
            ("company", format!("{} {}", self.last, draw.pick(&kinds))),
        ]
    }
}

/// "12.90".
fn price(cents: usize) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}
