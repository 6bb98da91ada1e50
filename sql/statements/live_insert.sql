-- ?1 name, ?2 state, ?3 in flight, ?4 ceiling, ?5 detail, ?6 now.
INSERT INTO live (name, state, in_flight, ceiling, detail, updated_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6);
