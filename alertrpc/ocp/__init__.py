"""What OceanBase Cloud Platform (OCP) asks and is answered: its envelope, its lists, and the forms of their rows."""
