"""git's objects, from packs and disks, within bounds, and the folder of files that is made of them."""
