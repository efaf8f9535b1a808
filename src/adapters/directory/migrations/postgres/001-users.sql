-- The users of one tenant and what they may do. `admin` is what admin tokens have, and no user has it by themselves.
CREATE TABLE portcullis_users (
  id text NOT NULL PRIMARY KEY CHECK (id <> ''),
  -- In lower case; compared exactly.
  email text NOT NULL UNIQUE CHECK (email = lower(email) AND email LIKE '%_@_%'),
  disabled boolean NOT NULL DEFAULT false
);

CREATE TABLE portcullis_user_roles (
  user_id text NOT NULL REFERENCES portcullis_users (id) ON DELETE CASCADE,
  role text NOT NULL CHECK (role NOT IN ('', 'admin')),
  PRIMARY KEY (user_id, role)
);

-- A token joins scopes with spaces, so a scope has none.
CREATE TABLE portcullis_user_scopes (
  user_id text NOT NULL REFERENCES portcullis_users (id) ON DELETE CASCADE,
  scope text NOT NULL CHECK (scope NOT IN ('', 'admin') AND scope NOT LIKE '% %'),
  PRIMARY KEY (user_id, scope)
);

CREATE TABLE portcullis_user_groups (
  user_id text NOT NULL REFERENCES portcullis_users (id) ON DELETE CASCADE,
  group_name text NOT NULL CHECK (group_name <> ''),
  PRIMARY KEY (user_id, group_name)
);

CREATE TABLE portcullis_user_resources (
  user_id text NOT NULL REFERENCES portcullis_users (id) ON DELETE CASCADE,
  resource text NOT NULL CHECK (resource <> ''),
  PRIMARY KEY (user_id, resource)
);
