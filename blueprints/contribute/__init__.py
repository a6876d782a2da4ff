"""What readers send to the desk: tips, pitches, corrections."""
