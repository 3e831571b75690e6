DROP TABLE grant_ends;
