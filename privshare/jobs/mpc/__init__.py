"""Jobs on shares: three nodes of three agencies compute what none may see."""
