-- Programs read every customer of a project in the order of their rows.
CREATE INDEX customers_by_row ON customers (project_id, id);
