//! How database columns store the types of `base`, which itself knows no database.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, Queryable};
use diesel::expression::AsExpression;
use diesel::internal::derives::as_expression::Bound;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{BigInt, Nullable, SingleValue};

use crate::base::clock::Moment;
use crate::base::ids::{
    CustomerId, DeliveryId, EndpointId, EventId, InvitationId, JobId, KeyId, NoteId, PersonId, ProjectId, RowId,
    SubmissionId,
};

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
    RowId,
);
