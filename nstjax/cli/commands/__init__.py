"""What is typed behind `nstjax`: a module for each command."""
