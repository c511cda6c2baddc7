"""The project to rehearse: its repository, its app, and how a commit of it is synthesized."""
