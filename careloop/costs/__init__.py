"""What running Careloop costs on AWS: counted use, times list prices. Pure but for reading its three data files."""
