//! How database columns store the types of modules that know no database: ids and moments as BIGINT, enums as TEXT, or as
//! SMALLINT where a table has a row for each event.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, Queryable};
use diesel::expression::AsExpression;
use diesel::internal::derives::as_expression::Bound;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{BigInt, Binary, Nullable, SingleValue};

use crate::base::Role;
use crate::base::clock::Moment;
use crate::base::ids::{
    CustomerId, DeliveryId, EndpointId, EventId, InvitationId, JobId, KeyId, NoteId, PersonId, ProjectId, RequestId,
    RowId, SubmissionId,
};
use crate::events::history::{ShownIn, Side, Topic};
use crate::events::{Digest, Environment, StoredBody};
use crate::projection::{Kind, PaymentKind};
use crate::wording::preferences::Theme;

/// Stores each type as the number in it, in BIGINT columns. In queries it becomes that number at once, so that queries
/// that differ only in such types are compiled once.
macro_rules! stored_as_bigint {
    ($($name:ty),+ $(,)?) => {$(
        impl<DB: Backend> ToSql<BigInt, DB> for $name
        where
            i64: ToSql<BigInt, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                self.0.to_sql(out)
            }
        }

        impl<DB: Backend> ToSql<Nullable<BigInt>, DB> for $name
        where
            $name: ToSql<BigInt, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                match ToSql::<BigInt, DB>::to_sql(self, out)? {
                    IsNull::Yes => Ok(IsNull::Yes),
                    IsNull::No => Ok(IsNull::No),
                }
            }
        }

        impl<DB: Backend> FromSql<BigInt, DB> for $name
        where
            i64: FromSql<BigInt, DB>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
                i64::from_sql(bytes).map(Self)
            }
        }

        impl<DB: Backend, ST: SingleValue> Queryable<ST, DB> for $name
        where
            $name: FromSql<ST, DB>,
        {
            type Row = $name;

            fn build(row: $name) -> deserialize::Result<Self> {
                Ok(row)
            }
        }

        as_expression!(BigInt, $name; Nullable<BigInt>, $name; BigInt, &$name; Nullable<BigInt>, &$name);
    )+};
}

macro_rules! as_expression {
    ($($sql_type:ty, $name:ty);+) => {
        $(impl AsExpression<$sql_type> for $name {
            type Expression = Bound<$sql_type, i64>;

            fn as_expression(self) -> Self::Expression {
                Bound::new(self.0)
            }
        })+
    };
}

stored_as_bigint!(
    Moment,
    ProjectId,
    PersonId,
    CustomerId,
    EventId,
    NoteId,
    EndpointId,
    DeliveryId,
    KeyId,
    InvitationId,
    SubmissionId,
    JobId,
    RequestId,
    RowId,
);

/// Stores an enum in TEXT columns as one of its words. In queries it becomes the word at once, as ids become numbers.
/// The two functions give the word of a value, and the value of a word.
macro_rules! text_enum {
    ($($name:ty: $word:ident, $parse:expr);+ $(;)?) => {$(
        impl<DB: diesel::backend::Backend> diesel::serialize::ToSql<diesel::sql_types::Text, DB> for $name
        where
            str: diesel::serialize::ToSql<diesel::sql_types::Text, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, DB>) -> diesel::serialize::Result {
                <str as diesel::serialize::ToSql<diesel::sql_types::Text, DB>>::to_sql(self.$word(), out)
            }
        }

        impl<DB: diesel::backend::Backend> diesel::deserialize::FromSql<diesel::sql_types::Text, DB> for $name
        where
            String: diesel::deserialize::FromSql<diesel::sql_types::Text, DB>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
                let word = <String as diesel::deserialize::FromSql<diesel::sql_types::Text, DB>>::from_sql(bytes)?;
                let unknown = || format!("{word} is no {}", stringify!($name));
                ($parse)(&word).ok_or_else(|| unknown().into())
            }
        }

        impl<DB: diesel::backend::Backend, ST: diesel::sql_types::SingleValue> diesel::deserialize::Queryable<ST, DB>
            for $name
        where
            $name: diesel::deserialize::FromSql<ST, DB>,
        {
            type Row = $name;

            fn build(row: $name) -> diesel::deserialize::Result<Self> {
                Ok(row)
            }
        }

        $crate::db::columns::text_as_expression!(
            $word: diesel::sql_types::Text, $name;
            $word: diesel::sql_types::Nullable<diesel::sql_types::Text>, $name;
            $word: diesel::sql_types::Text, &$name;
            $word: diesel::sql_types::Nullable<diesel::sql_types::Text>, &$name
        );
    )+};
}
pub(crate) use text_enum;

macro_rules! text_as_expression {
    ($($word:ident: $sql_type:ty, $name:ty);+) => {
        $(impl diesel::expression::AsExpression<$sql_type> for $name {
            type Expression = diesel::internal::derives::as_expression::Bound<$sql_type, &'static str>;

            fn as_expression(self) -> Self::Expression {
                diesel::internal::derives::as_expression::Bound::new(self.$word())
            }
        })+
    };
}
pub(crate) use text_as_expression;

text_enum! {
    Role: name, Role::parse;
    Theme: name, Theme::parse;
    Environment: as_str, Environment::parse_stored;
    Kind: as_str, Kind::parse;
}

/// Stores an enum in SMALLINT columns as its number. In queries it becomes the number at once.
macro_rules! number_enum {
    ($($name:ty),+ $(,)?) => {$(
        impl<DB: diesel::backend::Backend> diesel::deserialize::FromSql<diesel::sql_types::SmallInt, DB> for $name
        where
            i16: diesel::deserialize::FromSql<diesel::sql_types::SmallInt, DB>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
                let number = <i16 as diesel::deserialize::FromSql<diesel::sql_types::SmallInt, DB>>::from_sql(bytes)?;
                let unknown = || format!("{number} is no {}", stringify!($name));
                <$name>::from_number(number).ok_or_else(|| unknown().into())
            }
        }

        impl<DB: diesel::backend::Backend> diesel::deserialize::Queryable<diesel::sql_types::SmallInt, DB> for $name
        where
            $name: diesel::deserialize::FromSql<diesel::sql_types::SmallInt, DB>,
        {
            type Row = $name;

            fn build(row: $name) -> diesel::deserialize::Result<Self> {
                Ok(row)
            }
        }

        $crate::db::columns::number_as_expression!($name, &$name);
    )+};
}
pub(crate) use number_enum;

macro_rules! number_as_expression {
    ($($name:ty),+) => {
        $(impl diesel::expression::AsExpression<diesel::sql_types::SmallInt> for $name {
            type Expression = diesel::internal::derives::as_expression::Bound<diesel::sql_types::SmallInt, i16>;

            fn as_expression(self) -> Self::Expression {
                diesel::internal::derives::as_expression::Bound::new(self.number())
            }
        })+
    };
}
pub(crate) use number_as_expression;

number_enum!(Topic, Side, ShownIn, PaymentKind);

/// Stores each type as the bytes it is made of.
macro_rules! stored_as_bytes {
    ($($name:ty),+ $(,)?) => {$(
        impl<DB: Backend> FromSql<Binary, DB> for $name
        where
            Vec<u8>: FromSql<Binary, DB>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
                Vec::from_sql(bytes).map(<$name>::from_bytes)
            }
        }

        impl<DB: Backend> Queryable<Binary, DB> for $name
        where
            $name: FromSql<Binary, DB>,
        {
            type Row = $name;

            fn build(row: $name) -> deserialize::Result<Self> {
                Ok(row)
            }
        }

        impl<'a> AsExpression<Binary> for &'a $name {
            type Expression = Bound<Binary, &'a [u8]>;

            fn as_expression(self) -> Self::Expression {
                Bound::new(self.as_bytes())
            }
        }
    )+};
}

stored_as_bytes!(Digest, StoredBody);
