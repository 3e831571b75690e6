-- For whom purchases of the sandbox unlock entitlements: 'everybody', 'test_customers' or 'nobody'. `sandbox_testers` names test
-- customers by their App User IDs, one a line, beside those whom somebody has marked.
ALTER TABLE projects ADD COLUMN sandbox_access TEXT NOT NULL DEFAULT 'everybody';
ALTER TABLE projects ADD COLUMN sandbox_testers TEXT NOT NULL DEFAULT '';
