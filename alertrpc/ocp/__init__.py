"""The API of OceanBase Cloud Platform (OCP): its envelope, its lists, and the forms of their rows."""
