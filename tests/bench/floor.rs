//! The machine's own floor: a bare handler that runs the indexed queries of a page, or of a call of the client API, and
//! returns a ready answer of the same size. It decides nothing, parses nothing and writes neither HTML nor JSON.

use std::net::TcpListener;
use std::time::Duration;

use actix_web::rt::System;
use actix_web::web::{Bytes, Data, get};
use actix_web::{App, HttpResponse, HttpServer};
use diesel::dsl::count_star;
use diesel::prelude::*;
use dossier::auth::queries::lines_of_session;
use dossier::base::error::Error;
use dossier::base::ids::ProjectId;
use dossier::base::lookup_key;
use dossier::catalog;
use dossier::db::schema::*;
use dossier::db::{Conn, Db};
use dossier::events::Environment;
use dossier::events::history::ShownIn;

use crate::load::{self, Measured};

struct Ready {
    customer: String,
    page: Bytes,
    queries: Queries,
}

/// The queries that a handler runs.
pub type Queries = fn(&mut Conn, &str) -> QueryResult<()>;

/// Serves the floor for one customer and measures it over `connections` for `time`.
pub fn measure(
    url: &str,
    (customer, bytes): (&str, usize),
    queries: Queries,
    (connections, time): (usize, Duration),
) -> Measured {
    let db = Db::open(url, 16).expect("the database opens");
    let ready = Data::new(Ready { customer: customer.into(), page: Bytes::from(vec![b' '; bytes]), queries });
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("the port has an address");
    let (sender, handle) = std::sync::mpsc::channel();
    let server = std::thread::spawn(move || {
        System::new().block_on(async move {
            let app =
                move || App::new().app_data(Data::new(db.clone())).app_data(ready.clone()).route("/", get().to(answer));
            let server = HttpServer::new(app).workers(dossier::base::config::cores()).disable_signals();
            let server = server.listen(listener).expect("the port is open").run();
            sender.send(server.handle()).expect("somebody waits");
            server.await
        })
    });
    let handle = handle.recv().expect("the floor starts");
    let measured = load::run(address, connections, time, |_, _| load::get("/", ""));
    System::new().block_on(handle.stop(true));
    server.join().expect("the floor ends").expect("the floor ends without an error");
    measured
}

async fn answer(db: Data<Db>, ready: Data<Ready>) -> Result<HttpResponse, Error> {
    let (customer, queries) = (ready.customer.clone(), ready.queries);
    db.read(move |conn| Ok::<_, Error>(queries(conn, &customer)?)).await?;
    Ok(HttpResponse::Ok().content_type("text/html").body(ready.page.clone()))
}

/// Reads the rows that an app's call for its customer reads, in as many statements.
pub fn info(conn: &mut Conn, customer: &str) -> QueryResult<()> {
    api_keys::table.select(api_keys::id).filter(api_keys::key_hash.eq("none")).first::<i64>(conn).optional()?;
    let own = app_user_ids::project_id.eq(1).and(app_user_ids::key.eq(lookup_key(customer)));
    let row: i64 = app_user_ids::table.filter(own).select(app_user_ids::customer_id).first(conn)?;
    let names = (customers::original_app_user_id, customers::last_seen_at);
    customers::table.find(row).select(names).first::<(String, Option<i64>)>(conn)?;
    let since = app_user_ids::table.filter(app_user_ids::customer_id.eq(row));
    since.select(diesel::dsl::min(app_user_ids::since)).first::<Option<i64>>(conn)?;
    catalog::queries::load(conn, ProjectId(1))?;
    let bought = purchases::table.filter(purchases::customer_id.eq(row)).select(purchases::body);
    bought.load::<String>(conn)?;
    Ok(())
}

/// Reads the rows that the profile reads, in as many statements.
pub fn profile(conn: &mut Conn, customer: &str) -> QueryResult<()> {
    lines_of_session(conn, "nobody")?;
    let own = app_user_ids::project_id.eq(1).and(app_user_ids::key.eq(lookup_key(customer)));
    type Names = (String, Option<String>, Option<String>);
    let (row, ..): (i64, Names, (Option<String>, i64, String)) = app_user_ids::table
        .inner_join(customers::table.on(customers::id.eq(app_user_ids::customer_id)))
        .inner_join(projects::table.on(projects::id.eq(app_user_ids::project_id)))
        .filter(own)
        .select((
            customers::id,
            (customers::original_app_user_id, customers::display_name, customers::email),
            (customers::latest, customers::spent_micros, projects::name),
        ))
        .first(conn)?;
    catalog::queries::load(conn, ProjectId(1))?;
    purchases(conn, row)?;
    cards(conn, row)?;
    history(conn, row)
}

fn purchases(conn: &mut Conn, row: i64) -> QueryResult<()> {
    let own = || {
        let of = purchases::customer_id.eq(row).and(purchases::environment.eq("production"));
        purchases::table.filter(of).select(purchases::body)
    };
    let lasting =
        purchases::kind.eq("subscription").or(purchases::kind.eq("grant")).or(purchases::kind.eq("temporary"));
    own().filter(lasting).order(purchases::ends_at.desc()).limit(100).load::<String>(conn)?;
    for names in [true, false] {
        let like = purchases::kind.eq("one_time").and(purchases::names_entitlements.eq(names));
        own().filter(like).order(purchases::starts_at.desc()).limit(30).load::<String>(conn)?;
    }
    let attached = entitlement_products::table.filter(entitlement_products::project_id.eq(1));
    let attached = purchases::product_id.eq_any(attached.select(entitlement_products::product));
    own().filter(purchases::kind.eq("one_time").and(attached)).limit(30).load::<String>(conn)?;
    let both = purchases::customer_id
        .eq(row)
        .and(purchases::environment.eq("production").or(purchases::environment.eq("sandbox")));
    let live = purchases::table.filter(both.and(purchases::ends_at.gt(0))).order(purchases::ends_at.desc());
    live.limit(20).select(purchases::body).load::<String>(conn)?;
    let kinds =
        purchases::table.filter(purchases::customer_id.eq(row)).group_by((purchases::environment, purchases::kind));
    kinds.select((purchases::kind, count_star())).load::<(String, i64)>(conn)?;
    Ok(())
}

fn cards(conn: &mut Conn, row: i64) -> QueryResult<()> {
    attributes::table
        .filter(attributes::customer_id.eq(row).and(attributes::is_deleted.eq(false)))
        .select((attributes::key, attributes::value, attributes::updated_at))
        .load::<(String, String, i64)>(conn)?;
    notes::table
        .filter(notes::customer_id.eq(row))
        .order(notes::created_at.desc())
        .select((notes::body, notes::author, notes::created_at))
        .load::<(String, String, i64)>(conn)?;
    app_user_ids::table
        .filter(app_user_ids::customer_id.eq(row))
        .order((app_user_ids::since, app_user_ids::key))
        .select(app_user_ids::app_user_id)
        .limit(201)
        .load::<String>(conn)?;
    let held = balances::customer_id.eq(row).and(balances::environment.eq("production"));
    balances::table.filter(held).select(balances::code).load::<String>(conn)?;
    let set = offering_overrides::table.filter(offering_overrides::customer_id.eq(row));
    set.select(offering_overrides::offering).load::<String>(conn)?;
    offerings::table.filter(offerings::project_id.eq(1)).select(offerings::identifier).load::<String>(conn)?;
    let counts = diesel::select((
        notes::table.filter(notes::customer_id.eq(row)).select(count_star()).single_value(),
        balances::table.filter(balances::customer_id.eq(row)).select(count_star()).single_value(),
    ));
    counts.first::<(Option<i64>, Option<i64>)>(conn)?;
    Ok(())
}

fn history(conn: &mut Conn, row: i64) -> QueryResult<()> {
    let (production, both) = (ShownIn::Only(Environment::Production), ShownIn::Both);
    let in_view = history::environment.eq(production).or(history::environment.eq(both));
    let digest = events::table.filter(events::project_id.eq(1).and(events::id.eq(history::event_id)));
    history::table
        .filter(history::customer_id.eq(row).and(in_view))
        .order((history::timeline_at.desc(), history::event_at.desc(), history::tie.desc(), history::event_id.desc()))
        .limit(51)
        .select((
            (history::timeline_at, history::event_at, history::tie, history::event_id),
            (history::environment, history::side, digest.select(events::digest).single_value()),
        ))
        .load::<((i64, i64, i32, i64), (i16, i16, Option<Vec<u8>>))>(conn)?;
    let exact = app_user_ids::customer_id.eq(row).and(app_user_ids::is_since_exact.eq(true));
    let since = app_user_ids::table.filter(exact).order(app_user_ids::since.asc());
    since.select(app_user_ids::since).first::<i64>(conn).optional()?;
    Ok(())
}
