-- A secret key has the role of a member: it may do what that role may. Those from before could do everything, and servers use
-- them, so they keep that. `owner_id` is the person who answers for a key; without one it was made on the command line.
ALTER TABLE api_keys ADD COLUMN role TEXT CHECK (role IN ('viewer', 'support', 'developer', 'admin'));
ALTER TABLE api_keys ADD COLUMN owner_id BIGINT;

UPDATE api_keys SET role = 'admin' WHERE kind = 'secret';
-- Only names of makers are known. A name that several people have is nobody's, and neither is that of somebody who has left:
-- admins are asked to look at these keys.
UPDATE api_keys SET owner_id = coalesce(
    (
        SELECT CASE count(*) WHEN 1 THEN min(people.id) END
        FROM people
        JOIN memberships ON memberships.person_id = people.id
        WHERE people.name = api_keys.created_by AND memberships.project_id = api_keys.project_id
    ),
    0
)
WHERE created_by <> 'Command line';
