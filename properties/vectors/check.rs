//! Checks an implementation in Rust with test vectors of seqlaws, by the standard library alone.
//!
//!     mod check;
//!     use check::{Answer, Array, Call, Refusal};
//!
//!     fn softmax(call: &Call) -> Answer {
//!         let x = call.array(0); // arguments by position
//!         if call.option("axis", -1.0) != -1.0 {
//!             return Err(Refusal::NotOffered); // options by name, with their defaults
//!         }
//!         let p = ...;
//!         Ok(vec![Array::new(p, &x.shape)]) // outputs, or gradients, in the order of the index
//!     }
//!
//!     fn main() {
//!         check::main(&[("softmax", softmax)]) // softmax.json is the program's argument
//!     }
//!
//! A function refuses a call by an error or a panic. That is a failure where the call is within the
//! operation's core, unless it is `NotOffered` and options are given. Exit status: 0 if every MUST
//! holds, 1 if one does not, 2 if nothing could be checked.
#![allow(dead_code)] // a program needs some of this

use std::collections::HashMap;
use std::panic::{catch_unwind, set_hook, take_hook, AssertUnwindSafe};
use std::path::Path;

const SCHEMA: f64 = 1.0;

/// Numbers in row-major order; every number of a file is exact in f64.
#[derive(Clone, Debug)]
pub struct Array {
    pub data: Vec<f64>,
    pub shape: Vec<usize>,
    /// "F32", "F64", "I32" or "BOOL"; of a result it is not looked at.
    pub dtype: String,
}

impl Array {
    pub fn new<T: Into<f64>>(data: impl IntoIterator<Item = T>, shape: &[usize]) -> Array {
        let data = data.into_iter().map(Into::into).collect();
        Array { data, shape: shape.to_vec(), dtype: "F64".into() }
    }

    /// The numbers in single precision.
    pub fn f32(&self) -> Vec<f32> {
        self.data.iter().map(|&x| x as f32).collect()
    }
}

/// Why a call has no result.
pub enum Refusal {
    /// An option that the function does not have.
    NotOffered,
    /// Anything else, with a sentence.
    Because(String),
}

pub type Answer = Result<Vec<Array>, Refusal>;
pub type Function = fn(&Call) -> Answer;
type Tensors = HashMap<String, Array>;
type Found<T> = Result<T, String>;

/// A value of the index.
#[derive(Debug)]
pub enum Json {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    pub fn find(&self, name: &str) -> Option<&Json> {
        match self {
            Json::Object(items) => items.iter().find(|(n, _)| n == name).map(|(_, one)| one),
            _ => None,
        }
    }

    fn at(&self, name: &str) -> Found<&Json> {
        self.find(name).ok_or_else(|| format!("the index lacks {}", name))
    }

    pub fn list(&self) -> &[Json] {
        match self {
            Json::List(items) => items,
            _ => &[],
        }
    }

    fn object(&self) -> &[(String, Json)] {
        match self {
            Json::Object(items) => items,
            _ => &[],
        }
    }

    pub fn text(&self) -> &str {
        match self {
            Json::Text(text) => text,
            _ => "",
        }
    }

    /// A number, an infinity, NaN, or 1 for true.
    pub fn number(&self) -> f64 {
        match self {
            Json::Number(number) => *number,
            Json::Bool(is) => f64::from(u8::from(*is)),
            other => {
                other.find("number").map_or(f64::NAN, |n| n.text().parse().unwrap_or(f64::NAN))
            }
        }
    }
}

struct Parser<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Parser<'_> {
    /// The next byte that is no blank; a zero at the end.
    fn peek(&mut self) -> u8 {
        while self.bytes.get(self.at).map_or(false, u8::is_ascii_whitespace) {
            self.at += 1;
        }
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    fn skip(&mut self, expected: u8) -> bool {
        let is_there = self.peek() == expected;
        self.at += usize::from(is_there);
        is_there
    }

    fn value(&mut self) -> Found<Json> {
        Ok(match self.peek() {
            0 => return Err("the index ends too early".into()),
            b'{' => {
                let mut items = Vec::new();
                self.at += 1;
                while !self.skip(b'}') {
                    let name = self.string()?;
                    self.skip(b':');
                    items.push((name, self.value()?));
                    self.skip(b',');
                }
                Json::Object(items)
            }
            b'[' => {
                let mut items = Vec::new();
                self.at += 1;
                while !self.skip(b']') {
                    items.push(self.value()?);
                    self.skip(b',');
                }
                Json::List(items)
            }
            b'"' => Json::Text(self.string()?),
            _ => self.word()?,
        })
    }

    fn word(&mut self) -> Found<Json> {
        let rest = &self.bytes[self.at..];
        let is_end = |b: &u8| b",]}".contains(b) || b.is_ascii_whitespace();
        let length = rest.iter().position(is_end).unwrap_or(rest.len());
        let word = String::from_utf8_lossy(&rest[..length]);
        self.at += length;
        Ok(match &*word {
            "null" => Json::Null,
            "true" | "false" => Json::Bool(word == "true"),
            number => Json::Number(number.parse().map_err(|_| format!("{:?} is no value", word))?),
        })
    }

    fn string(&mut self) -> Found<String> {
        let mut made = Vec::new();
        if !self.skip(b'"') {
            return Err("the index lacks a name".into());
        }
        loop {
            let byte = *self.bytes.get(self.at).ok_or("the index ends too early")?;
            self.at += 1;
            match byte {
                b'"' => return Ok(String::from_utf8_lossy(&made).into_owned()),
                b'\\' => {
                    let escaped = *self.bytes.get(self.at).ok_or("the index ends too early")?;
                    let unicode = escaped == b'u'; // only in sentences, which are not read
                    made.push(if unicode { b'?' } else { escaped });
                    self.at += if unicode { 5 } else { 1 };
                }
                other => made.push(other),
            }
        }
    }
}

fn parsed(bytes: &[u8]) -> Found<Json> {
    Parser { bytes, at: 0 }.value()
}

/// One call: its arguments, and the options that are given.
pub struct Call<'a> {
    about: &'a Json,
    tensors: &'a Tensors,
}

impl Call<'_> {
    fn argument(&self, position: usize) -> &Json {
        &self.about.find("arguments").expect("a call has arguments").list()[position]
    }

    fn tensor(&self, told: &Json) -> &Array {
        &self.tensors[told.find("tensor").expect("it is an array").text()]
    }

    pub fn array(&self, position: usize) -> &Array {
        self.tensor(self.argument(position))
    }

    pub fn number(&self, position: usize) -> f64 {
        self.argument(position).number()
    }

    /// An entry of a dict of parameters, such as "linear1.weight".
    pub fn entry(&self, position: usize, name: &str) -> &Array {
        let entries = self.argument(position).find("entries").expect("it is a dict");
        self.tensor(entries.find(name).expect("the dict has the entry"))
    }

    /// An option; nothing if it is left out or None.
    pub fn given(&self, name: &str) -> Option<&Json> {
        let found = self.about.find("options")?.find(name)?;
        (!matches!(found, Json::Null)).then(|| found)
    }

    pub fn has_options(&self) -> bool {
        self.about.find("options").map_or(false, |options| !options.object().is_empty())
    }

    pub fn option(&self, name: &str, otherwise: f64) -> f64 {
        self.given(name).map_or(otherwise, Json::number)
    }

    pub fn array_option(&self, name: &str) -> Option<&Array> {
        self.given(name).map(|told| self.tensor(told))
    }
}

fn contents(path: &Path) -> Found<Vec<u8>> {
    std::fs::read(path).map_err(|error| format!("{}: {}", path.display(), error))
}

fn tensors_of(path: &Path) -> Found<Tensors> {
    let file = contents(path)?;
    let short = || format!("{}: the file ends too early", path.display());
    let length = file.get(..8).ok_or_else(short)?.try_into().expect("eight bytes");
    let start = 8 + u64::from_le_bytes(length) as usize;
    let mut made = HashMap::new();
    for (name, about) in parsed(file.get(8..start).ok_or_else(short)?)?.object() {
        let dtype = about.at("dtype")?.text().to_owned();
        let shape = about.at("shape")?.list().iter().map(|n| n.number() as usize).collect();
        let ends = about.at("data_offsets")?.list().iter().map(|n| start + n.number() as usize);
        let ends: Vec<usize> = ends.collect();
        let bytes = file.get(ends[0]..ends[1]).ok_or_else(short)?;
        let data = match dtype.as_str() {
            "F64" => bytes.chunks(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect(),
            "F32" => {
                bytes.chunks(4).map(|b| f32::from_le_bytes(b.try_into().unwrap()).into()).collect()
            }
            "I32" => {
                bytes.chunks(4).map(|b| i32::from_le_bytes(b.try_into().unwrap()).into()).collect()
            }
            _ => bytes.iter().map(|&b| b.into()).collect(),
        };
        made.insert(name.clone(), Array { data, shape, dtype });
    }
    Ok(made)
}

/// |observed - value| / allowed; an infinite error is allowed where there is no bound. NaN is
/// compared by its place, but in gradients a NaN that is expected says nothing.
fn ratio(observed: f64, value: f64, allowed: f64, is_free: bool) -> f64 {
    if value.is_nan() {
        return if is_free || observed.is_nan() { 0.0 } else { f64::INFINITY };
    }
    if allowed.is_infinite() || observed == value {
        return 0.0;
    }
    let found = (observed - value).abs() / allowed;
    if found.is_nan() {
        f64::INFINITY
    } else {
        found
    }
}

/// What became of a law; `says` is about its worst case.
#[derive(Default)]
pub struct Outcome {
    pub law: String,
    pub level: String,
    pub says: String,
    pub cases: usize,
    pub refused: usize,
    pub worst: f64,
}

impl Outcome {
    fn note(&mut self, call: &Json, worst: f64, says: impl Fn() -> String) {
        if worst > self.worst {
            self.worst = worst;
            let case = call.find("case").map_or(f64::NAN, Json::number);
            self.says = format!("case {}: {}", case, says());
        }
    }

    fn compare(&mut self, call: &Json, results: &[Array], tensors: &Tensors) -> Found<()> {
        let due = call.at("expected")?.object();
        let is_free = call.at("function")?.text().ends_with("_vjp");
        if results.len() != due.len() {
            let count = || format!("{} results, expected {}", results.len(), due.len());
            self.note(call, f64::INFINITY, count);
            return Ok(());
        }
        for ((name, told), observed) in due.iter().zip(results) {
            let value = &tensors[told.at("value")?.text()];
            let allowed = &tensors[told.at("allowed")?.text()];
            if observed.shape != value.shape || observed.data.len() != value.data.len() {
                let shapes = || {
                    format!(
                        "{} has the shape {:?}, expected {:?}",
                        name, observed.shape, value.shape
                    )
                };
                self.note(call, f64::INFINITY, shapes);
                continue;
            }
            for (k, &x) in observed.data.iter().enumerate() {
                let (v, bound) = (value.data[k], allowed.data[k]);
                self.note(call, ratio(x, v, bound, is_free), || {
                    let (x, v, bound) = (shown(x), shown(v), shown(bound));
                    format!("{}, entry {}, is {}, expected {}, allowed {}", name, k, x, v, bound)
                });
            }
        }
        Ok(())
    }
}

/// A number in full where that is short, else with nine digits.
fn shown(number: f64) -> String {
    match number {
        usual if usual == 0.0 || (1e-3..1e6).contains(&usual.abs()) => format!("{}", usual),
        other => format!("{:.8e}", other),
    }
}

/// A function's answer; a panic is an error with its message.
fn answered(function: Function, call: &Call) -> Answer {
    catch_unwind(AssertUnwindSafe(|| function(call))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        Err(Refusal::Because(text.unwrap_or_else(|| "it panicked".into())))
    })
}

/// What became of each law, with the functions by the names of the index.
pub fn check(path: &str, functions: &[(&str, Function)]) -> Result<Vec<Outcome>, String> {
    let path = Path::new(path);
    let index = parsed(&contents(path)?)?;
    if index.at("schema")?.number() != SCHEMA {
        return Err(format!("{}: this checker reads schema {}", path.display(), SCHEMA));
    }
    let tensors = tensors_of(&path.with_file_name(index.at("data")?.text()))?;
    let operation = index.at("operation")?.text();
    let mut laws: Vec<Outcome> = Vec::new();
    for call in index.at("cases")?.list() {
        let name = call.at("function")?.text();
        let function = match functions.iter().find(|(known, _)| *known == name) {
            Some((_, function)) => *function,
            None => continue,
        };
        let law = format!("{}.{}", operation, call.at("law")?.text());
        let place = laws.iter().position(|one| one.law == law).unwrap_or_else(|| {
            let level = call.find("level").map_or("", Json::text).to_owned();
            laws.push(Outcome { law: law.clone(), level, ..Outcome::default() });
            laws.len() - 1
        });
        let (one, given) = (&mut laws[place], Call { about: call, tensors: &tensors });
        let is_core = call.at("core")?.number() != 0.0;
        let refusal = match answered(function, &given) {
            Ok(results) => {
                one.cases += 1;
                one.compare(call, &results, &tensors)?;
                continue;
            }
            Err(Refusal::NotOffered) if given.has_options() => None,
            Err(_) if !is_core => None,
            Err(Refusal::NotOffered) => Some("it is not offered".to_owned()),
            Err(Refusal::Because(why)) => Some(why),
        };
        match refusal {
            None => one.refused += 1,
            Some(why) => {
                one.cases += 1;
                one.note(call, f64::INFINITY, || format!("{} refused it: {}", name, why));
            }
        }
    }
    Ok(laws)
}

/// Prints the outcomes; returns the exit status.
pub fn report(laws: &[Outcome]) -> i32 {
    let width = laws.iter().map(|one| one.law.len()).max().unwrap_or(0);
    for one in laws {
        let (broken, must) = (one.worst > 1.0, one.level == "MUST");
        let said = match (broken, must, one.cases) {
            (true, true, _) => "FAILED",
            (true, false, _) => "should",
            (false, _, 0) => "-",
            _ => "ok",
        };
        let worst = match one.worst {
            usual if usual == 0.0 || (0.001..1000.0).contains(&usual) => format!("{:.3}", usual),
            other => format!("{:.2e}", other),
        };
        let more =
            if one.refused > 0 { format!(", {} refused", one.refused) } else { String::new() };
        println!("{:<6} {:<width$} worst {} of {} cases{}", said, one.law, worst, one.cases, more);
        if broken {
            println!("       {}", one.says);
        }
    }
    let failed = laws.iter().filter(|one| one.worst > 1.0 && one.level == "MUST").count();
    if failed > 0 {
        println!("{} laws failed", failed);
        return 1;
    }
    if laws.iter().all(|one| one.cases == 0) {
        println!("nothing was checked");
        return 2;
    }
    println!("no MUST law failed");
    0
}

/// Checks the index that is the program's first argument, prints the outcomes and exits.
pub fn main(functions: &[(&str, Function)]) -> ! {
    let hook = take_hook();
    set_hook(Box::new(|_| {})); // a panic is a refusal, and told as that
    let status = match std::env::args().nth(1) {
        None => Err("name the index, such as vectors/softmax.json".into()),
        Some(path) => check(&path, functions),
    };
    set_hook(hook);
    std::process::exit(match status {
        Ok(laws) => report(&laws),
        Err(error) => {
            eprintln!("check.rs: {}", error);
            2
        }
    })
}
