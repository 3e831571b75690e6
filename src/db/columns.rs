//! How database columns store the types of `base`, which itself knows no database.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, Queryable};
use diesel::expression::AsExpression;
use diesel::internal::derives::as_expression::Bound;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{BigInt, Nullable, SingleValue};

use crate::base::clock::Moment;

impl<DB: Backend> ToSql<BigInt, DB> for Moment
where
    i64: ToSql<BigInt, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.0.to_sql(out)
    }
}

impl<DB: Backend> FromSql<BigInt, DB> for Moment
where
    i64: FromSql<BigInt, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        i64::from_sql(bytes).map(Moment)
    }
}

impl<DB: Backend, ST: SingleValue> Queryable<ST, DB> for Moment
where
    Moment: FromSql<ST, DB>,
{
    type Row = Moment;

    fn build(row: Moment) -> deserialize::Result<Self> {
        Ok(row)
    }
}

/// Lets a query use a moment wherever it can use a BIGINT, nullable or not.
macro_rules! as_expression {
    ($($sql_type:ty, $moment:ty);+) => {
        $(impl AsExpression<$sql_type> for $moment {
            type Expression = Bound<$sql_type, Self>;

            fn as_expression(self) -> Self::Expression {
                Bound::new(self)
            }
        })+
    };
}

as_expression!(BigInt, Moment; Nullable<BigInt>, Moment; BigInt, &Moment; Nullable<BigInt>, &Moment);

impl<DB: Backend> ToSql<Nullable<BigInt>, DB> for Moment
where
    Moment: ToSql<BigInt, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        match ToSql::<BigInt, DB>::to_sql(self, out)? {
            IsNull::Yes => Ok(IsNull::Yes),
            IsNull::No => Ok(IsNull::No),
        }
    }
}
