DROP INDEX attributes_of_team;
DROP TABLE kept_here;
